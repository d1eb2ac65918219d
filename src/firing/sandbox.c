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
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "base/identity.h"
#include "firing/sandbox.h"

/*
 * A stored search_path has no "$user" any more, so that its text often differs
 * from the session's where both mean the same schemas.  Then it is not set.
 * What a text means can only be learnt by setting it, which costs more than
 * many a callback: so the last few are remembered.  They hold for a role, and
 * as long as no schema changes, nor who may use it, of which schema_changed()
 * is told, and the session's temporary schema is the same.  An abort does
 * nothing to them.
 */
typedef struct PathMeaning
{
	char	   *search_path;	/* NULL: this place is free */
	Oid			role;
	Oid			temporary;		/* schema of temporary tables, InvalidOid */
	SearchPathMatcher *schemas;
} PathMeaning;

static PathMeaning meanings[8];
static int	next_meaning = 0;	/* the place that is used next */
static bool schemas_changed = false;
static MemoryContext meanings_context = NULL;

/*
 * A schema came, went, has another name, or others may use it: by a grant, as
 * members of a role, as superusers or as owner of the database.
 */
static void
schema_changed(Datum arg, int cacheid, uint32 hash)
{
	schemas_changed = true;
}

/*
 * Registers the callbacks.  From _PG_init() only.
 */
void
hooks_sandbox_init(void)
{
	CacheRegisterSyscacheCallback(NAMESPACEOID, schema_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, schema_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, schema_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(DATABASEOID, schema_changed, (Datum) 0);
}

static Oid
temporary_schema(void)
{
	Oid			schema;
	Oid			toast_schema;

	GetTempNamespaceState(&schema, &toast_schema);
	return schema;
}

static void
forget_meanings(void)
{
	memset(meanings, 0, sizeof(meanings));
	next_meaning = 0;
	if (meanings_context != NULL)
		MemoryContextReset(meanings_context);
	else
		meanings_context = AllocSetContextCreate(CacheMemoryContext,
												 "hooks search_path",
												 ALLOCSET_SMALL_SIZES);
	schemas_changed = false;
}

/*
 * Learns what the text means to the current role.
 */
static const PathMeaning *
learn_meaning(const char *search_path, Oid temporary)
{
	PathMeaning *meaning;
	HookIdentity before;
	MemoryContext old;

	if (meanings_context == NULL || next_meaning == lengthof(meanings))
		forget_meanings();
	meaning = &meanings[next_meaning];
	hooks_identity_enter(&before, GetUserId(), 0, search_path);
	meaning->schemas = GetSearchPathMatcher(meanings_context);
	hooks_identity_end(&before);
	old = MemoryContextSwitchTo(meanings_context);
	meaning->role = GetUserId();
	meaning->temporary = temporary;
	meaning->search_path = pstrdup(search_path);
	MemoryContextSwitchTo(old);
	next_meaning++;
	return meaning;
}

/*
 * Does this search_path mean the schemas that the session's means now, for the
 * current role?
 */
bool
hooks_sandbox_path_is_same(const char *search_path)
{
	const PathMeaning *meaning = NULL;
	Oid			role = GetUserId();
	Oid			temporary = temporary_schema();

	if (schemas_changed)
		forget_meanings();
	for (int i = 0; i < next_meaning && meaning == NULL; i++)
		if (meanings[i].role == role && meanings[i].temporary == temporary &&
			strcmp(meanings[i].search_path, search_path) == 0)
			meaning = &meanings[i];
	if (meaning == NULL)
		meaning = learn_meaning(search_path, temporary);
	return SearchPathMatchesCurrentEnvironment(meaning->schemas);
}

/*
 * Whether temporary tables of the session could stand in for the tables that
 * the owner's callback names: they come first unless the search_path says
 * where they come.
 */
static bool
temporary_tables_intrude(const char *search_path)
{
	List	   *schemas;
	ListCell   *lc;

	if (!OidIsValid(temporary_schema()))
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
	else if (strcmp(namespace_search_path, hook->search_path) != 0 &&
			 (security != 0 || !hooks_sandbox_path_is_same(hook->search_path)))
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
