/*
 * moved.c
 *		Rows that a walk has changed: what they are now, and whom they meet by
 *		it.
 *
 * A query finds rows by their values when the statement began.  A row that has
 * got another key since, by SET DEFAULT or a copy of a composite key, is found
 * here.  It is compared by the operators that ri_triggers.c uses, and hashed
 * if they have hash functions.  change.c adds the rows.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "utils/memutils.h"

#include "cascade/moved.h"

typedef struct MovedEntry
{
	HookVersion *version;
	int64		event;			/* the version's when it was added; if the
								 * version has another one now, it was added
								 * again */
} MovedEntry;

struct MovedBucket
{
	uint32		hash;			/* hash key, must be first */
	int			n;
	int			size;
	MovedEntry *entries;		/* in the order of events */
};

static HTAB *
make_versions(MemoryContext context)
{
	HASHCTL		info = {0};

	info.keysize = sizeof(HookRowId);
	info.entrysize = sizeof(HookVersion);
	info.hcxt = context;
	return hash_create("hooks changed rows", 256, &info,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * The version of a row; NULL if it was not changed.
 */
HookVersion *
hooks_moved_find(HTAB *versions, Oid relid, const ItemPointerData *tid)
{
	HookRowId	row = {relid, ItemPointerGetBlockNumberNoCheck(tid),
		ItemPointerGetOffsetNumberNoCheck(tid), 0};

	if (versions == NULL)
		return NULL;
	return hash_search(versions, &row, HASH_FIND, NULL);
}

/*
 * The same, but made if there is none.  The first call makes the hash table,
 * in the given context.
 */
HookVersion *
hooks_moved_get(HTAB **versions, MemoryContext context, Oid relid,
				const ItemPointerData *tid)
{
	HookRowId	row = {relid, ItemPointerGetBlockNumberNoCheck(tid),
		ItemPointerGetOffsetNumberNoCheck(tid), 0};
	HookVersion *version;
	bool		found;

	if (*versions == NULL)
		*versions = make_versions(context);
	version = hash_search(*versions, &row, HASH_ENTER, &found);
	if (!found)
		version->values = NULL;
	return version;
}

void
hooks_moved_tid(const HookVersion *version, ItemPointer tid)
{
	ItemPointerSet(tid, version->row.block, version->row.offset);
}

/*
 * A value, cast to what the operators take.  The cast gets exactly as many
 * arguments as its function has: a function in SQL would take additional ones
 * as its own.
 */
static Datum
cast_value(const HookMoved *moved, HookEnd end, int i, Datum value)
{
	if (end == HOOK_END_REFERENCED || !OidIsValid(moved->cast[i].fn_oid))
		return value;
	switch (moved->cast[i].fn_nargs)
	{
		case 1:
			return FunctionCall1(&moved->cast[i], value);
		case 2:
			return FunctionCall2(&moved->cast[i], value, Int32GetDatum(-1));
		default:
			return FunctionCall3(&moved->cast[i], value, Int32GetDatum(-1),
								 BoolGetDatum(false));
	}
}

/*
 * The hash of a key, given as rows of one end have it, for rows at an end.
 */
static uint32
hash_moved_key(HookMoved *moved, HookEnd end, HookEnd by, const Datum *key)
{
	uint32		hash = 0;

	for (int i = 0; i < moved->key->nkeys && moved->hashes; i++)
		hash = hash * 31 +
			DatumGetUInt32(FunctionCall1Coll(&moved->hash[by][i],
											 moved->collations[end][i],
											 cast_value(moved,
														by, i, key[i])));
	return hash;
}

/*
 * The key of a changed row at one end; false if a column of it is null.
 */
static bool
get_key(const HookMoved *moved, HookEnd end, const HookVersion *version,
		Datum *key)
{
	bool		complete = true;

	for (int i = 0; i < moved->key->nkeys; i++)
	{
		int			position = moved->positions[end][i];

		complete &= !version->nulls[position];
		key[i] = version->values[position];
	}
	return complete;
}

/*
 * Adds a row that was changed, or changed again.  hooks_compare_prepare() must
 * have run before, as for hooks_moved_same().
 */
void
hooks_moved_add(HookMoved *moved, HookEnd end, HookVersion *version)
{
	Datum		key[INDEX_MAX_KEYS];
	MovedBucket *bucket;
	uint32		hash;
	bool		found;

	Assert(moved->prepared && moved->ends[end]);
	if (!get_key(moved, end, version, key))
		return;
	hash = hash_moved_key(moved, end, end, key);
	if (moved->buckets[end] == NULL)
	{
		HASHCTL		info = {0};

		info.keysize = sizeof(uint32);
		info.entrysize = sizeof(MovedBucket);
		info.hcxt = moved->context;
		moved->buckets[end] = hash_create("hooks changed keys", 64, &info,
										  HASH_ELEM | HASH_BLOBS |
										  HASH_CONTEXT);
	}
	bucket = hash_search(moved->buckets[end], &hash, HASH_ENTER, &found);
	if (!found)
	{
		bucket->n = 0;
		bucket->size = 4;
		bucket->entries =
			MemoryContextAlloc(moved->context,
							   sizeof(MovedEntry) * bucket->size);
	}
	else if (bucket->n == bucket->size)
	{
		bucket->size *= 2;
		bucket->entries = repalloc_huge(bucket->entries,
										sizeof(MovedEntry) * bucket->size);
	}
	bucket->entries[bucket->n].version = version;
	bucket->entries[bucket->n++].event = version->event;
}

/*
 * Begins a scan for the changed rows at one end that have a certain key now.
 * The key is given as rows of either end have it.  Rows that are added later
 * are not found.
 */
void
hooks_moved_begin(HookMovedScan *scan, HookMoved *moved, HookEnd end,
				  HookEnd by,
				  const Datum *key, const bool *nulls)
{
	uint32		hash;

	Assert(moved->ends[end]);
	scan->moved = moved;
	scan->end = end;
	scan->by = by;
	scan->key = key;
	scan->bucket = NULL;
	scan->at = scan->n = 0;
	if (moved->buckets[end] == NULL)
		return;
	for (int i = 0; i < moved->key->nkeys; i++)
		if (nulls[i])
			return;
	hash = hash_moved_key(moved, end, by, key);
	scan->bucket = hash_search(moved->buckets[end], &hash, HASH_FIND, NULL);
	if (scan->bucket != NULL)
		scan->n = scan->bucket->n;
}

/*
 * The next one, by the order of their last changes; NULL if there is none.
 */
HookVersion *
hooks_moved_next(HookMovedScan *scan)
{
	HookMoved  *moved = scan->moved;

	while (scan->at < scan->n)
	{
		MovedEntry *entry = &scan->bucket->entries[scan->at++];
		Datum		key[INDEX_MAX_KEYS];
		bool		match = true;

		if (entry->version->event != entry->event ||
			!get_key(moved, scan->end, entry->version, key))
			continue;
		for (int i = 0; i < moved->key->nkeys && match; i++)
		{
			Datum		one = cast_value(moved, scan->by, i, scan->key[i]);
			Datum		other = cast_value(moved, scan->end, i, key[i]);
			bool		mixed = scan->by != scan->end;
			Oid			collation = moved->collations[scan->end][i];
			FmgrInfo   *equal = &moved->equal[mixed ? HOOK_END_REFERENCING :
											  HOOK_END_REFERENCED][i];

			/* the operator has what is referred to on its left */
			if (mixed && scan->by == HOOK_END_REFERENCING)
				match =
					DatumGetBool(FunctionCall2Coll(equal, collation, other,
												   one));
			else
				match =
					DatumGetBool(FunctionCall2Coll(equal, collation, one,
												   other));
		}
		if (match)
			return entry->version;
	}
	return NULL;
}

/*
 * Does a row refer to the same key as before?  The same decision as in
 * ri_KeysEqual().
 */
bool
hooks_moved_same(HookMoved *moved, const Datum *old_values,
				 const bool *old_nulls,
				 const Datum *values, const bool *nulls)
{
	Assert(moved->prepared);
	for (int i = 0; i < moved->key->nkeys; i++)
	{
		int			position = moved->positions[HOOK_END_REFERENCING][i];

		if (old_nulls[position] || nulls[position] ||
			!DatumGetBool(FunctionCall2Coll(&moved->same[i],
											DEFAULT_COLLATION_OID,
											cast_value(moved,
													   HOOK_END_REFERENCING, i,
													   old_values[position]),
											cast_value(moved,
													   HOOK_END_REFERENCING, i,
													   values[position]))))
			return false;
	}
	return true;
}
