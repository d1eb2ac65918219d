/*
 * keepers.c
 *		How deleted rows are kept, by table, cached in the session.
 *
 * To look up the columns of a table and what makes text of them takes longer
 * than to keep a row.  So it is done once for a table, until that changes.
 * Where a column has a type that a user made, it is done each time: nothing
 * tells when a domain, an enum or a composite inside of it changes.
 */
#include "postgres.h"

#include "access/transam.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "recycle/keepers.h"

/* when there are more, all that are not in use are dropped */
#define KEEPERS_KEPT 1000

typedef struct CachedKeeper
{
	Oid			relid;
	Oid			bin;			/* table hooks.bin, whose number it knows */
	HookKeeper *keeper;
	MemoryContext context;
	int			pins;
	bool		stale;			/* not in the table below any more */
} CachedKeeper;

typedef struct CachedKeeperEntry
{
	Oid			relid;			/* hash key, must be first */
	CachedKeeper *cached;
} CachedKeeperEntry;

/* NULL: nothing is cached yet */
static HTAB *entries = NULL;

/* counts messages, so that what was made while one came is not cached */
static uint64 messages = 0;

static void
free_if_unused(CachedKeeper *cached)
{
	if (cached->stale && cached->pins == 0)
		MemoryContextDelete(cached->context);
}

static void
forget_keeper(CachedKeeperEntry *entry)
{
	CachedKeeper *cached = entry->cached;

	(void) hash_search(entries, &cached->relid, HASH_REMOVE, NULL);
	cached->stale = true;
	free_if_unused(cached);
}

static void
forget_keepers(void)
{
	HASH_SEQ_STATUS status;
	CachedKeeperEntry *entry;

	if (entries == NULL)
		return;
	hash_seq_init(&status, entries);
	while ((entry = hash_seq_search(&status)) != NULL)
		forget_keeper(entry);
}

static void
relation_stales_keeper(Datum arg, Oid relid)
{
	CachedKeeperEntry *entry;

	messages++;
	if (!OidIsValid(relid))
		forget_keepers();
	else if (entries != NULL &&
			 (entry = hash_search(entries, &relid, HASH_FIND, NULL)) != NULL)
		forget_keeper(entry);
}

/*
 * A schema may have another name, which is kept with the rows.
 */
static void
schema_stales_keepers(Datum arg, int cacheid, uint32 hashvalue)
{
	messages++;
	forget_keepers();
}

/*
 * Listens to changes.  From _PG_init() only.
 */
void
hooks_keepers_init(void)
{
	CacheRegisterRelcacheCallback(relation_stales_keeper, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, schema_stales_keepers,
								  (Datum) 0);
}

/*
 * A keeper for all columns of a table, except those that PostgreSQL computes.
 * In the current memory context.
 */
static HookKeeper *
make_keeper(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	HookKeeper *keeper = palloc(sizeof(HookKeeper));

	hooks_keeper_begin(keeper, rel, desc->natts);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && att->attgenerated == '\0')
			hooks_keeper_add_column(keeper, rel, NameStr(att->attname));
	}
	hooks_kept_row_prepare(&keeper->format);
	return keeper;
}

/*
 * Are all types, and what they are made of, PostgreSQL's own?
 */
static bool
can_be_cached(const HookShape *shape)
{
	for (int i = 0; i < shape->n; i++)
		if (shape->parts[i].type >= FirstNormalObjectId)
			return false;
	return true;
}

static void
unpin_keeper(void *arg)
{
	CachedKeeper *cached = arg;

	cached->pins--;
	free_if_unused(cached);
}

static HookKeeper *
pin_keeper(CachedKeeper *cached, MemoryContext context)
{
	MemoryContextCallback *callback =
		MemoryContextAlloc(context, sizeof(MemoryContextCallback));

	callback->func = unpin_keeper;
	callback->arg = cached;
	cached->pins++;
	MemoryContextRegisterResetCallback(context, callback);
	return cached->keeper;
}

static void
add(CachedKeeper *cached)
{
	CachedKeeperEntry *entry;

	if (entries == NULL)
	{
		HASHCTL		info = {0};

		info.keysize = sizeof(Oid);
		info.entrysize = sizeof(CachedKeeperEntry);
		entries = hash_create("hooks keepers", 64, &info,
							  HASH_ELEM | HASH_BLOBS);
	}
	if (hash_get_num_entries(entries) >= KEEPERS_KEPT)
		forget_keepers();
	entry = hash_search(entries, &cached->relid, HASH_ENTER, NULL);
	entry->cached = cached;
	MemoryContextSetParent(cached->context, CacheMemoryContext);
}

/*
 * How the deleted rows of a table are kept, in the bin whose number is in the
 * given table.  The caller has the user's table open; the result is valid
 * until the context is reset.
 */
HookKeeper *
hooks_keepers_pin(Relation rel, Oid bin, MemoryContext context)
{
	Oid			relid = RelationGetRelid(rel);
	CachedKeeperEntry *entry = entries == NULL ? NULL :
		hash_search(entries, &relid, HASH_FIND, NULL);
	MemoryContext own;
	MemoryContext old;
	CachedKeeper *cached;
	uint64		before = messages;

	if (entry != NULL && entry->cached->bin == bin)
		return pin_keeper(entry->cached, context);
	if (entry != NULL)
		forget_keeper(entry);
	own = AllocSetContextCreate(context, "hooks keeper", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(own);
	cached = palloc0(sizeof(CachedKeeper));
	cached->relid = relid;
	cached->bin = bin;
	cached->context = own;
	cached->keeper = make_keeper(rel);
	MemoryContextSwitchTo(old);
	if (messages != before || !can_be_cached(&cached->keeper->format.shape))
		return cached->keeper;
	add(cached);
	return pin_keeper(cached, context);
}
