/*
 * sandbox.c
 *		Run a callback as the role that the hook says.
 *
 * The rules for changing to the owner are those of logical replication's apply
 * worker (SwitchToUntrustedUser in usercontext.c of PostgreSQL 16): an owner
 * who could not become the caller anyway works in a security-restricted
 * operation, in which it cannot change the caller's session.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "base/identity.h"
#include "firing/sandbox.h"

/*
 * Whether temporary tables of the session could stand in for the tables that
 * the owner's callback names: they come first unless the search_path says
 * where they come.
 */
static bool
temporary_tables_intrude(const char *search_path)
{
	Oid			temp_namespace;
	Oid			toast_namespace;
	List	   *schemas;
	ListCell   *lc;

	GetTempNamespaceState(&temp_namespace, &toast_namespace);
	if (!OidIsValid(temp_namespace))
		return false;
	if (SplitIdentifierString(pstrdup(search_path), ',', &schemas))
		foreach(lc, schemas)
	{
		if (strcmp(lfirst(lc), "pg_temp") == 0)
			return false;
	}
	return true;
}

/*
 * Becomes the role that the hook runs as, under its search_path.  For a caller
 * that is not known (InvalidOid) the role that the session has set stands in.
 */
void
hooks_sandbox_enter(HookSandbox *sandbox, const Hook *hook, Oid caller)
{
	Oid			owner = hook->owner;
	Oid			current = GetUserId();
	const char *search_path = NULL;
	int			security = 0;

	Assert(OidIsValid(hook->owner));
	sandbox->entered = false;
	if (hook->run_as == HOOK_AS_INVOKER)
		return;

	if (!OidIsValid(caller))
		caller = GetOuterUserId();

	/* In a cascade the current role is the table's owner, not the caller */
	if (owner != current || owner != caller)
	{
		if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(owner)))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("owner of hook \"%s\" does not exist",
							hook->name)));
		security = hooks_can_set_role(owner, current) &&
			hooks_can_set_role(owner, caller) ?
			SECURITY_LOCAL_USERID_CHANGE : HOOKS_RESTRICTED;
	}

	if ((security != 0 || owner != GetSessionUserId()) &&
		temporary_tables_intrude(hook->search_path))
		search_path = hooks_hook_path(hook);
	else if (strcmp(namespace_search_path, hook->search_path) != 0)
		search_path = hook->search_path;

	/* A nest level of parameters costs something, and most do without */
	if (search_path != NULL || security == HOOKS_RESTRICTED)
		hooks_identity_enter(&sandbox->before, owner, security, search_path);
	else if (security != 0)
		hooks_identity_become(&sandbox->before, owner, security);
	else
		return;
	sandbox->entered = true;
}

/*
 * Becomes again who was there before.
 */
void
hooks_sandbox_leave(const HookSandbox *sandbox)
{
	if (sandbox->entered)
		hooks_identity_end(&sandbox->before);
}
