/*
 * owner.c
 *		Roles that own hooks.
 *
 * A role must not be dropped while it owns hooks.  PostgreSQL looks at other
 * databases too when it drops a role, and knows nothing but what is in
 * pg_shdepend; so each such role is granted SELECT on hooks.registry, which it
 * has as PUBLIC anyway.  The grant makes the entry.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "command.h"
#include "own.h"
#include "owner.h"
#include "registry.h"

/*
 * Is the role in the access control list of hooks.registry, itself?
 */
static bool
has_entry(Oid role)
{
	Oid			relid = hooks_own_relation(hooks_registry_table.name,
											   RELKIND_RELATION);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		isnull;
	Datum		datum;
	bool		found = false;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	datum = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_relacl, &isnull);
	if (!isnull)
	{
		Acl		   *acl = DatumGetAclP(datum);

		for (int i = 0; i < ACL_NUM(acl); i++)
			found |= ACL_DAT(acl)[i].ai_grantee == role;
	}
	ReleaseSysCache(tuple);
	return found;
}

/*
 * Grants a role what keeps it if it owns hooks, revokes it if it does not.  To
 * be called under the writers' lock when hooks got or lost this owner; if it is
 * known to own one, that is not looked for.  Returns whether there was anything
 * to do.
 */
bool
hooks_owner_sync(Oid role, bool owns)
{
	Oid			registry_owner = hooks_registry_owner();
	bool		granted = has_entry(role);
	const char *command;
	ListCell   *lc;

	if (role == registry_owner ||
		!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)))
		return false;
	if (!owns)
		foreach(lc, hooks_registry_all())
			owns |= ((Hook *) lfirst(lc))->owner == role;
	if (owns == granted)
		return false;
	command = owns ? "GRANT SELECT ON TABLE hooks.registry TO %s" :
		"REVOKE SELECT ON TABLE hooks.registry FROM %s";
	hooks_command_run(hooks_command_add(NIL, registry_owner,
										psprintf(command,
												 quote_identifier(GetUserNameFromId(role, false)))));
	return true;
}
