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

/* not known after any change of the registry */
int			hooks_present_watched = -1;

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
		hooks_present_watched = -1;
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
	kinds = hooks_kinds_read(known_registry, &of_other_version);
	if (changes == before)
		known_kinds = kinds;
	return kinds;
}

/*
 * Can a relation have hooks, of its own or wide ones?
 */
bool
hooks_present_concerns(Oid relid)
{
	return (hooks_present_kinds() & HOOKS_WIDE) != 0 ||
		hooks_present_on(relid);
}

/*
 * Can rows of a table have hooks: its own, wide ones, or those of a
 * partitioned table above it?
 */
bool
hooks_present_on_rows(Oid relid, const List *ancestors)
{
	ListCell   *lc;

	if (hooks_present_concerns(relid))
		return true;
	foreach(lc, ancestors)
	{
		if (hooks_present_on(lfirst_oid(lc)))
			return true;
	}
	return false;
}

/*
 * Are there hooks of a kind for which all statements are watched?  Looks at
 * the registry if it must; false where nothing can be looked up.
 */
bool
hooks_present_watches(int kind)
{
	bool		other_version;
	uint64		before;
	int			kinds;

	if (hooks_present_watched >= 0)
		return (hooks_present_watched & kind) != 0;
	if (!IsTransactionState() || !OidIsValid(MyDatabaseId))
		return false;
	AcceptInvalidationMessages();
	known_registry =
		hooks_own_find(hooks_registry_table.name, RELKIND_RELATION);
	before = changes;
	kinds = !OidIsValid(known_registry) ? 0 :
		hooks_kinds_read(known_registry, &other_version);
	if (changes == before)
		hooks_present_watched = kinds & HOOKS_WATCHED;
	return (kinds & kind) != 0;
}
