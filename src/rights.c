/*
 * rights.c
 *		Who may be told of a table's rows, and as whom they are read.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "rights.h"

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
	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	SetUserIdAndSecContext(owner, before->sec_context |
						   SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION |
						   SECURITY_NOFORCE_RLS);
}

/*
 * Goes on as before.
 */
void
hooks_rights_become(const HookIdentity *before)
{
	AtEOXact_GUC(false, before->guc_level);
	SetUserIdAndSecContext(before->userid, before->sec_context);
}
