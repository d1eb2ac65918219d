/*
 * rights.c
 *		Who may be told of a table's rows, and as whom they are read and written.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/rights.h"

/*
 * May the current user see every row of a table: has it SELECT, and is no
 * row-level security in the way?
 */
bool
hooks_rights_may_read(Oid relid)
{
	return pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
		check_enable_rls(relid, InvalidOid, true) != RLS_ENABLED;
}

/*
 * 42501 unless the current user may see every row of a table.
 */
void
hooks_rights_check_read(Oid relid)
{
	AclResult	result = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_TABLE, get_rel_name(relid));
	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot look at all rows of table \"%s\" behind its row-level security",
						get_rel_name(relid))));
}

/*
 * The owner of a table; 42P01 if it is gone.
 */
Oid
hooks_rights_owner(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

static void
hide_search_path(void)
{
	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Goes on as the owner of a table, as ri_triggers.c does to carry out a foreign
 * key's action: to read a table may call what its owner wrote, be it only to
 * plan the query (expressions and conditions of indexes, partition keys), and
 * that must not run as who looks.  Nor may it set anything that lasts; and who
 * looks must not lead it astray by his search_path: there is none but pg_catalog.
 *
 * Ends with hooks_rights_become(); after an error the abort does the same.
 */
void
hooks_rights_become_owner(HookIdentity *before, Oid relid)
{
	Oid			owner = hooks_rights_owner(relid);

	GetUserIdAndSecContext(&before->userid, &before->sec_context);
	before->guc_level = NewGUCNestLevel();
	before->restricted = true;
	hide_search_path();
	SetUserIdAndSecContext(owner, before->sec_context |
						   SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION |
						   SECURITY_NOFORCE_RLS);
}

/*
 * Could the owner of a table not become the caller anyway?  Then what the owner
 * wrote runs for the caller in a security-restricted operation only.
 */
bool
hooks_rights_restrict(Oid relid, Oid caller)
{
	return !hooks_can_set_role(hooks_rights_owner(relid), caller);
}

/*
 * Goes on as the owner of a table to write to it in the name of a caller, who
 * did not choose the table: its triggers, defaults and domains are the owner's.
 *
 * For the caller's own table nothing changes.  Else hooks_rights_restrict()
 * decides; and a caller who could not become the owner does not choose what
 * names mean to the owner's code.  The search_path of others is that code's
 * own affair, as with any statement.
 *
 * Ends with hooks_rights_become().
 */
void
hooks_rights_stand_in(HookIdentity *before, Oid relid, Oid caller)
{
	Oid			owner = hooks_rights_owner(relid);
	int			sec_context;

	GetUserIdAndSecContext(&before->userid, &before->sec_context);
	before->guc_level = NewGUCNestLevel();
	before->restricted = hooks_rights_restrict(relid, caller);
	if (!hooks_can_set_role(caller, owner))
		hide_search_path();
	sec_context = before->sec_context;
	if (owner != before->userid)
		sec_context |= SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS;
	if (before->restricted)
		sec_context |= SECURITY_RESTRICTED_OPERATION;
	SetUserIdAndSecContext(owner, sec_context);
}

/*
 * Goes on as before.
 */
void
hooks_rights_become(const HookIdentity *before)
{
	AtEOXact_GUC(!before->restricted, before->guc_level);
	SetUserIdAndSecContext(before->userid, before->sec_context);
}

/*
 * The owner of the database.
 */
Oid
hooks_rights_database_owner(void)
{
	HeapTuple	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);
	owner = ((Form_pg_database) GETSTRUCT(tuple))->datdba;
	ReleaseSysCache(tuple);
	return owner;
}
