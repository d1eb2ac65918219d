/*
 * present.c
 *		What hooks there are: cached, so that most commands need not read the
 *		registry.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "base/own.h"
#include "base/ring.h"
#include "registry/hook.h"
#include "registry/present.h"
#include "registry/registry.h"

/*
 * What hooks_present_kinds() returned last, and the registry's OID then; -1
 * after any change of the registry, which an abort undoes by another message.
 */
static int	known_kinds = -1;
static Oid	known_registry = InvalidOid;
static bool of_other_version = false;

/* counts such messages, so that what was read while one came is not kept */
static uint64 changes = 0;

/*
 * Whether there are on_failure hooks; not known after any change of the
 * registry.  Without preload there are none, ever.
 */
HookFailureState hooks_present_failure_state = HOOKS_NO_FAILURE;

/* the relations that have hooks; NULL when it has to be made anew */
static HTAB *hooked = NULL;

static void
relation_changed(Datum arg, Oid relid)
{
	if (!OidIsValid(relid) || relid == known_registry ||
		!OidIsValid(known_registry))
	{
		changes++;
		known_kinds = -1;
		if (hooks_ring_exists())
			hooks_present_failure_state = HOOKS_FAILURE_UNKNOWN;
		if (hooked != NULL)
			hash_destroy(hooked);
		hooked = NULL;
	}
}

/*
 * Listens to changes.  From _PG_init() only.
 */
void
hooks_present_init(void)
{
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	if (process_shared_preload_libraries_in_progress)
		hooks_present_failure_state = HOOKS_FAILURE_UNKNOWN;
}

static HTAB *
make_hooked(List *relids)
{
	HASHCTL		info = {0};
	HTAB	   *set;
	ListCell   *lc;

	info.keysize = info.entrysize = sizeof(Oid);
	info.hcxt = CacheMemoryContext;
	set = hash_create("hooks relations", 64, &info,
					  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	foreach(lc, relids)
	{
		(void) hash_search(set, &lfirst_oid(lc), HASH_ENTER, NULL);
	}
	return set;
}

/*
 * Has a relation hooks that are on it?  Without a look at the registry,
 * mostly.
 */
bool
hooks_present_on(Oid relid)
{
	List	   *relids;
	uint64		before;

	if ((hooks_present_kinds() & HOOKS_ANY) == 0)
		return false;
	if (hooked == NULL)
	{
		before = changes;
		relids = hooks_registry_relations();
		if (changes != before)
			return list_member_oid(relids, relid);
		hooked = make_hooked(relids);
	}
	return hash_search(hooked, &relid, HASH_FIND, NULL) != NULL;
}

/*
 * Is there a registry of this version?
 */
bool
hooks_present_registry(void)
{
	(void) hooks_present_kinds();
	return OidIsValid(known_registry) && !of_other_version;
}

/*
 * What kinds of hooks there are, enabled or not: 0 if there is none, or no
 * registry, as while the extension is created or dropped.
 */
int
hooks_present_kinds(void)
{
	int			kinds;
	uint64		before;

	AcceptInvalidationMessages();
	if (known_kinds >= 0)
		return known_kinds;
	known_registry =
		hooks_own_find(hooks_registry_table.name, RELKIND_RELATION);
	if (!OidIsValid(known_registry))
		return 0;

	before = changes;
	kinds = hooks_registry_read_kinds(known_registry, &of_other_version);
	if (changes == before)
		known_kinds = kinds;
	return kinds;
}

/*
 * Are there on_failure hooks, as far as the registry has to be looked at for
 * that?  False where nothing can be looked up.
 */
bool
hooks_present_watches_failures(void)
{
	bool		other_version;
	uint64		before;
	bool		some;

	if (hooks_present_failure_state != HOOKS_FAILURE_UNKNOWN)
		return hooks_present_failure_state == HOOKS_SOME_FAILURE;
	if (!IsTransactionState() || !OidIsValid(MyDatabaseId))
		return false;
	AcceptInvalidationMessages();
	known_registry =
		hooks_own_find(hooks_registry_table.name, RELKIND_RELATION);
	before = changes;
	some = OidIsValid(known_registry) &&
		(hooks_registry_read_kinds(known_registry, &other_version) &
		 HOOKS_ON_FAILURE) != 0;
	if (changes == before)
		hooks_present_failure_state = some ? HOOKS_SOME_FAILURE :
			HOOKS_NO_FAILURE;
	return some;
}
