/*
 * sandbox.c
 *		Run a callback as the role that the hook says.
 *
 * As with SECURITY DEFINER functions, what is changed here is not put back
 * when the callback throws: the abort of the (sub)transaction restores the
 * role, the security context and the parameters.
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
#include "utils/guc.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "firing/sandbox.h"

/*
 * Whether temporary tables of the session could stand in for the tables that
 * the owner's callback names: they come first unless the search_path says where
 * they come.
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
			if (strcmp(lfirst(lc), "pg_temp") == 0)
				return false;
	return true;
}

static void
set_search_path(HookSandbox *sandbox, const char *search_path)
{
	if (sandbox->guc_level == 0)
		sandbox->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", search_path,
							 PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Becomes the role that the hook runs as, under its search_path.  For a caller
 * that is not known (InvalidOid) the role that the session has set stands in.
 */
void
hooks_sandbox_enter(HookSandbox *sandbox, const Hook *hook, Oid caller)
{
	Oid			owner = hook->owner;

	sandbox->changed_role = false;
	sandbox->restricted = false;
	sandbox->guc_level = 0;
	if (hook->run_as == HOOK_AS_INVOKER)
		return;

	if (!OidIsValid(caller))
		caller = GetOuterUserId();

	/* In a cascade the current role is the table's owner, not the caller */
	GetUserIdAndSecContext(&sandbox->userid, &sandbox->sec_context);
	if (owner != sandbox->userid || owner != caller)
	{
		int			sec_context = sandbox->sec_context |
			SECURITY_LOCAL_USERID_CHANGE;

		if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(owner)))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("owner of hook \"%s\" does not exist", hook->name)));
		if (!hooks_can_set_role(owner, sandbox->userid) ||
			!hooks_can_set_role(owner, caller))
		{
			sec_context |= SECURITY_RESTRICTED_OPERATION;
			sandbox->restricted = true;
			sandbox->guc_level = NewGUCNestLevel();
		}
		SetUserIdAndSecContext(owner, sec_context);
		sandbox->changed_role = true;
	}

	if ((sandbox->changed_role || owner != GetSessionUserId()) &&
		temporary_tables_intrude(hook->search_path))
		set_search_path(sandbox, hooks_hook_path(hook));
	else if (strcmp(namespace_search_path, hook->search_path) != 0)
		set_search_path(sandbox, hook->search_path);
}

/*
 * Becomes again who was there before.
 */
void
hooks_sandbox_leave(const HookSandbox *sandbox)
{
	if (sandbox->guc_level != 0)
		AtEOXact_GUC(!sandbox->restricted, sandbox->guc_level);
	if (sandbox->changed_role)
		SetUserIdAndSecContext(sandbox->userid, sandbox->sec_context);
}
