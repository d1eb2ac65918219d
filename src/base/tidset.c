/*
 * tidset.c
 *		A set of rows, told apart by table and TID.
 *
 * A hash table of bitmaps, one for 64 line pointers of a page.  So a set does
 * not spill, but is bounded by the tables: some 60 bytes for a row that is
 * alone on its page, less than one for a row that goes with all its page.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "storage/block.h"
#include "storage/off.h"

#include "base/tidset.h"

typedef struct TidKey
{
	Oid			relid;
	BlockNumber block;
	uint32		word;			/* line pointers 64 * word and following */
} TidKey;

typedef struct TidWord
{
	TidKey		key;
	char		status;			/* for simplehash.h */
	uint64		bits;
} TidWord;

#define SAME_KEY(a, b) \
	((a).relid == (b).relid && (a).block == (b).block && (a).word == (b).word)

static inline uint32
hash_key(TidKey key)
{
	return hash_combine(murmurhash32(key.relid + key.word),
						murmurhash32(key.block));
}

#define SH_PREFIX words
#define SH_ELEMENT_TYPE TidWord
#define SH_KEY_TYPE TidKey
#define SH_KEY key
#define SH_HASH_KEY(table, key) hash_key(key)
#define SH_EQUAL(table, a, b) SAME_KEY(a, b)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct HookTidSet
{
	words_hash *words;
	TidWord    *last;			/* that was asked for; NULL: none */
	bool		empty;
};

HookTidSet *
hooks_tidset_make(MemoryContext context)
{
	HookTidSet *set = MemoryContextAlloc(context, sizeof(HookTidSet));

	/* most deletes are of a few rows; it grows */
	set->words = words_create(context, 8, NULL);
	set->last = NULL;
	set->empty = true;
	return set;
}

/*
 * The word of a row, made if that is asked for; NULL if there is none.  Mostly
 * the next row is of the same word.
 */
static inline TidWord *
find_bits(HookTidSet *set, Oid relid, const ItemPointerData *tid, bool make)
{
	TidKey		key;
	bool		found;

	key.relid = relid;
	key.block = ItemPointerGetBlockNumberNoCheck(tid);
	key.word = ItemPointerGetOffsetNumberNoCheck(tid) / 64;
	if (set->last != NULL && SAME_KEY(set->last->key, key))
		return set->last;
	if (!make)
		return set->last = words_lookup(set->words, key);
	set->last = words_insert(set->words, key, &found);
	if (!found)
		set->last->bits = 0;
	return set->last;
}

static inline uint64
bit_of(const ItemPointerData *tid)
{
	return UINT64CONST(1) << (ItemPointerGetOffsetNumberNoCheck(tid) % 64);
}

/*
 * Adds a row, unless it is in the set.
 */
void
hooks_tidset_add(HookTidSet *set, Oid relid, const ItemPointerData *tid)
{
	Assert(OidIsValid(relid) && ItemPointerIsValid(tid));
	find_bits(set, relid, tid, true)->bits |= bit_of(tid);
	set->empty = false;
}

bool
hooks_tidset_has(HookTidSet *set, Oid relid, const ItemPointerData *tid)
{
	TidWord    *word;

	if (set->empty)
		return false;
	word = find_bits(set, relid, tid, false);
	return word != NULL && (word->bits & bit_of(tid)) != 0;
}

/*
 * Calls a function for each row of a table; it must not add to the set.
 */
void
hooks_tidset_each(HookTidSet *set, Oid relid,
				  void (*visit) (const ItemPointerData *tid, void *arg),
				  void *arg)
{
	words_iterator iterator;
	TidWord    *word;

	words_start_iterate(set->words, &iterator);
	while ((word = words_iterate(set->words, &iterator)) != NULL)
	{
		if (word->key.relid != relid)
			continue;
		for (int bit = 0; bit < 64; bit++)
		{
			ItemPointerData tid;

			if ((word->bits & (UINT64CONST(1) << bit)) == 0)
				continue;
			ItemPointerSet(&tid, word->key.block,
						   (OffsetNumber) (word->key.word * 64 + bit));
			visit(&tid, arg);
		}
	}
}
