/*
 * batch_place.c
 *		Which open batch a captured row may join.
 *
 * Which batch a row may join is a matter of when that batch's event fires:
 * - rows of one query do belong together: their events wait until it ends;
 * - rows of several referential actions in the same trigger query level do
 *   too: trigger.c runs all actions that the level has queued before any event
 *   that those queue in turn, and the batch's event is one of the latter;
 * - all others open a batch of their own.  In doubt, so do these: the cost is
 *   one more firing, while a row in the wrong batch would fire too late.
 * A batch leaves the list when its event fires, so nothing can join it later.
 *
 * The open batches are in a hash table, as each query of a cascade looks for
 * its batch, and there can be as many open batches as tables.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "firing/batch_place.h"
#include "firing/statement.h"

/* What the rows that join a batch have in common */
typedef struct BatchPlace
{
	const HookEvent *event;
	Oid			root;
	uint64		level;			/* of referential actions; 0: of one query */
	MemoryContext query_cxt;	/* if of one; else NULL */
} BatchPlace;

typedef struct PlaceEntry
{
	BatchPlace	place;
	char		status;			/* for simplehash.h */
	HookBatch  *batch;
} PlaceEntry;

static inline uint32
hash_place(const BatchPlace *place)
{
	uint32		event = (uint32) (uintptr_t) place->event;
	uint32		query_cxt = (uint32) ((uintptr_t) place->query_cxt >> 4);

	return hash_combine(hash_combine(murmurhash32(place->root),
									 murmurhash32((uint32) place->level)),
						hash_combine(murmurhash32(event),
									 murmurhash32(query_cxt)));
}

static inline bool
is_same_place(const BatchPlace *a, const BatchPlace *b)
{
	return a->event == b->event && a->root == b->root &&
		a->level == b->level && a->query_cxt == b->query_cxt;
}

#define SH_PREFIX places
#define SH_ELEMENT_TYPE PlaceEntry
#define SH_KEY_TYPE BatchPlace
#define SH_KEY place
#define SH_HASH_KEY(table, key) hash_place(&(key))
#define SH_EQUAL(table, a, b) is_same_place(&(a), &(b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct places_hash *hooks_batch_places = NULL;

/*
 * Where a row goes that is captured now: to those of all referential actions
 * of the level, or to those of its query.
 */
static inline BatchPlace
place_of(const HookCapture *capture)
{
	BatchPlace	place = {.event = capture->event,.root = capture->root};

	if (hooks_statement != NULL && hooks_statement->referential)
		place.level = hooks_statement->level;
	else
		place.query_cxt = capture->query_cxt;
	return place;
}

/*
 * Where the rows of an open batch are.  If its query is over, nowhere.
 */
static BatchPlace
place_of_batch(const HookBatch *batch)
{
	BatchPlace	place = {.event = batch->event,.root = batch->root};

	if (batch->referential && batch->level > 0)
		place.level = batch->level;
	else
		place.query_cxt = batch->query_cxt;
	return place;
}

/*
 * A batch was opened by a capture: others may join it.
 */
void
hooks_batch_place_open(const HookCapture *capture, HookBatch *batch)
{
	bool		found;

	if (hooks_batch_places == NULL)
		hooks_batch_places = places_create(TopTransactionContext, 8, NULL);
	places_insert(hooks_batch_places, place_of(capture),
				  &found)->batch = batch;
	Assert(!found);
}

/*
 * The batch that a capture may join, NULL if none.
 */
HookBatch *
hooks_batch_place_find(const HookCapture *capture)
{
	PlaceEntry *entry = hooks_batch_places == NULL ? NULL :
		places_lookup(hooks_batch_places, place_of(capture));

	return entry != NULL ? entry->batch : NULL;
}

/*
 * Nothing may join a batch any more.
 */
void
hooks_batch_place_close(const HookBatch *batch)
{
	PlaceEntry *entry = places_lookup(hooks_batch_places,
									  place_of_batch(batch));

	if (entry != NULL && entry->batch == batch)
		places_delete_item(hooks_batch_places, entry);
}

/*
 * The query of a capture is over, and its memory goes away.  Batches must not
 * take another query for it, whose memory may get the same address.
 */
void
hooks_batch_place_query_ends(const HookCapture *capture)
{
	BatchPlace	place = {.event = capture->event,.root = capture->root,
		.query_cxt = capture->query_cxt};
	PlaceEntry *entry = hooks_batch_places == NULL ? NULL :
		places_lookup(hooks_batch_places, place);

	if (entry != NULL)
	{
		entry->batch->query_cxt = NULL;
		places_delete_item(hooks_batch_places, entry);
	}
}

/*
 * The transaction is over, and with it the memory of all this.
 */
void
hooks_batch_place_end_transaction(void)
{
	hooks_batch_places = NULL;
}
