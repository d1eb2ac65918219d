/*
 * batch.c
 *		Captured rows: what one before_cascade firing, or event of the log, is
 *		about.
 *
 * While a statement writes rows, the WHEN of our trigger captures their TIDs.
 * The first row opens a batch and queues its event, the others join the batch
 * and queue none.  When trigger.c fires the event, all rows of the statement
 * are in the batch, and no referential action has run yet.
 *
 * batch_place.c knows which batch a row may join.
 *
 * Each batch has a memory context below TopTransactionContext.  The list of
 * batches follows subtransactions: what was captured in one that aborts goes
 * with it.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/place.h"
#include "base/settings.h"
#include "base/tidlist.h"
#include "firing/batch.h"
#include "firing/batch_place.h"
#include "firing/statement.h"

#define FIRST_CHUNK		16
#define LARGEST_CHUNK	65536

/* from how many tables on a batch has a hash table of them */
#define MANY_TABLES		16

typedef struct RelidEntry
{
	Oid			relid;
	char		status;			/* for simplehash.h */
	BatchTable *table;
} RelidEntry;

#define SH_PREFIX relids
#define SH_ELEMENT_TYPE RelidEntry
#define SH_KEY_TYPE Oid
#define SH_KEY relid
#define SH_HASH_KEY(hash, key) murmurhash32(key)
#define SH_EQUAL(hash, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* see batch.h; and above for aborts */
HookBatch  *hooks_batches = NULL;

/* the other end of the list; NULL with it */
static HookBatch *oldest = NULL;

/* the last id given out; never reset */
static uint64 last_id = 0;

static HookBatch *
open_batch(const HookCapture *capture)
{
	MemoryContext context = AllocSetContextCreate(TopTransactionContext,
												  "hooks batch",
												  ALLOCSET_SMALL_SIZES);
	HookBatch  *batch = MemoryContextAllocZero(context, sizeof(HookBatch));

	Assert(hooks_event_captures(capture->event));
	batch->id = ++last_id;
	batch->command = GetCurrentCommandId(false);
	batch->event = capture->event;
	batch->root = capture->root;
	batch->query_cxt = capture->query_cxt;
	batch->level = hooks_statement != NULL ? hooks_statement->level : 0;
	batch->referential = hooks_statement_in_referential_action();
	if (!batch->referential)
		batch->origin.depth = 0;
	else if (hooks_statement == NULL)
		batch->origin.depth = HOOK_DEPTH_UNKNOWN;
	else
	{
		batch->action = hooks_statement->action;
		hooks_origin_of_action(batch->action, &batch->origin);
	}
	batch->subid = GetCurrentSubTransactionId();
	batch->context = context;
	hooks_batch_place_open(capture, batch);
	batch->next = hooks_batches;
	if (hooks_batches != NULL)
		hooks_batches->newer = batch;
	else
		oldest = batch;
	hooks_batches = batch;
	return batch;
}

/*
 * Takes a batch out of the list.
 */
static void
remove_batch(HookBatch *batch)
{
	hooks_batch_place_close(batch);
	if (batch->newer != NULL)
		batch->newer->next = batch->next;
	else
		hooks_batches = batch->next;
	if (batch->next != NULL)
		batch->next->newer = batch->newer;
	else
		oldest = batch->newer;
}

/*
 * The statement itself has changed rows of one more table.
 */
static void
add_root(HookBatch *batch, Oid relid)
{
	const char *sql;
	const PlannedStmt *plan =
		hooks_statement_root(hooks_statement, batch->query_cxt,
							 &sql);
	HookAction	action = batch->event->action;
	CmdType		operation = action == HOOK_INSERT ? CMD_INSERT :
		action == HOOK_DELETE ? CMD_DELETE : CMD_UPDATE;
	HookRoot	root;

	if (plan == NULL)
		return;
	(void) hooks_root_of_row(plan, relid,
							 operation, &root);
	if (batch->tables == NULL)
		batch->origin.root = root;
	else
		hooks_root_join(&batch->origin.root, &root);
}

static BatchTable *
find_batch_table(const HookBatch *batch, Oid relid)
{
	BatchTable *table = batch->tables;

	if (batch->by_relid != NULL)
	{
		RelidEntry *entry = relids_lookup(batch->by_relid, relid);

		return entry != NULL ? entry->table : NULL;
	}
	while (table != NULL && table->relid != relid)
		table = table->next;
	return table;
}

static void
index_batch_table(HookBatch *batch, BatchTable *table)
{
	bool		found;

	relids_insert(batch->by_relid, table->relid, &found)->table = table;
}

static BatchTable *
get_batch_table(HookBatch *batch, Oid relid)
{
	BatchTable *table = find_batch_table(batch, relid);

	if (table != NULL)
		return table;
	if (OidIsValid(batch->root) && !batch->referential)
		add_root(batch, relid);
	table = MemoryContextAllocZero(batch->context, sizeof(BatchTable));
	table->relid = relid;
	if (batch->tables == NULL)
		batch->tables = table;
	else
		batch->last_table->next = table;
	batch->last_table = table;
	batch->ntables++;
	if (batch->by_relid != NULL)
		index_batch_table(batch, table);
	else if (batch->ntables == MANY_TABLES)
	{
		batch->by_relid = relids_create(batch->context, 2 * MANY_TABLES, NULL);
		for (table = batch->tables; table != NULL; table = table->next)
			index_batch_table(batch, table);
	}
	return batch->last_table;
}

static inline void
add_tids(HookBatch *batch, BatchTable *table, const ItemPointerData *old_tid,
		 const ItemPointerData *new_tid)
{
	TidChunk   *chunk = table->tail;
	int			width = new_tid != NULL ? 2 : 1;

	if (chunk == NULL || chunk->used + width > chunk->size)
	{
		int			size = chunk == NULL ? FIRST_CHUNK :
			Min(chunk->size * 2, LARGEST_CHUNK);

		chunk = MemoryContextAlloc(batch->context,
								   offsetof(TidChunk, tids) +
								   sizeof(ItemPointerData) * size);
		chunk->next = NULL;
		chunk->used = 0;
		chunk->size = size;
		if (table->tail == NULL)
			table->head = chunk;
		else
			table->tail->next = chunk;
		table->tail = chunk;
	}
	Assert(chunk->used + width <= chunk->size);
	chunk->tids[chunk->used++] = *old_tid;
	if (new_tid != NULL)
		chunk->tids[chunk->used++] = *new_tid;
}

/*
 * Adds a row; new_tid is NULL for all but an updated one, and old_tid is the
 * new row's for an inserted one.  Returns true if it is the first of its
 * batch, whose event the caller has to queue.
 *
 * A row that two triggers capture one after the other is added once.
 */
bool
hooks_batch_add(HookCapture *capture, ItemPointer old_tid, ItemPointer new_tid)
{
	HookBatch  *batch = hooks_batches;
	BatchTable *table = capture->table;
	bool		first = false;

	Assert((new_tid != NULL) == (capture->event->action == HOOK_UPDATE));

	/* Mostly it goes where the row before it went */
	if (batch == NULL || batch->id != capture->batch)
	{
		batch = hooks_batch_place_find(capture);
		first = batch == NULL;
		if (first)
			batch = open_batch(capture);
		else if (batch->action != NULL && hooks_statement != NULL &&
				 hooks_statement->action != batch->action)
		{
			batch->action = hooks_statement->action;
			hooks_origin_join(&batch->origin, batch->action);
		}
		table = get_batch_table(batch, capture->relid);
		capture->batch = batch->id;
		capture->table = table;
	}
	if (table->tail != NULL)
	{
		ItemPointer last = &table->tail->tids[table->tail->used -
											  (new_tid != NULL ? 2 : 1)];

		if (ItemPointerGetOffsetNumber(last) ==
			ItemPointerGetOffsetNumber(old_tid) &&
			ItemPointerGetBlockNumber(last) ==
			ItemPointerGetBlockNumber(old_tid))
			return false;
	}
	add_tids(batch, table, old_tid, new_tid);
	return first;
}

/*
 * A batch of rows that were not captured one by one: in no list, in a context
 * below the current one.
 */
HookBatch *
hooks_batch_make(const HookEvent *event, bool walked)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "hooks batch",
												  ALLOCSET_SMALL_SIZES);
	HookBatch  *batch = MemoryContextAllocZero(context, sizeof(HookBatch));

	batch->context = context;
	batch->event = event;
	batch->walked = walked;
	return batch;
}

/*
 * Puts a row into such a batch.
 */
void
hooks_batch_put(HookBatch *batch, Oid relid, const ItemPointerData *tid)
{
	BatchTable *table = batch->last_table;

	Assert(!OidIsValid(batch->root));
	if (table == NULL || table->relid != relid)
	{
		table = get_batch_table(batch, relid);
		if (!OidIsValid(table->file))
			table->file = hooks_tidlist_file(relid);
	}
	add_tids(batch, table, tid, NULL);
}

/*
 * Puts all rows of a table into such a batch.  They stay where they are, and
 * go with the batch that they come from.
 */
void
hooks_batch_put_all(HookBatch *batch, const BatchTable *from)
{
	BatchTable *table = get_batch_table(batch, from->relid);

	Assert(table->head == NULL);
	table->file = from->file;
	table->head = from->head;
	table->tail = from->tail;
}

static bool
begins_with(const HookBatch *batch, const HookEvent *event, Oid relid,
			ItemPointer first)
{
	return batch->event == event && batch->tables != NULL &&
		batch->tables->relid == relid &&
		ItemPointerEquals(&batch->tables->head->tids[0], first);
}

/*
 * Takes the batch out of the list whose first row this is; NULL if there is
 * none, because it has fired or was rolled back.  The caller frees it.
 *
 * Those of one level fire in the order in which they were opened, those of a
 * nested statement before the others: it is the oldest or one of the newest.
 */
HookBatch *
hooks_batch_take(const HookEvent *event, Oid relid, ItemPointer first)
{
	HookBatch  *old = oldest;
	HookBatch  *new = hooks_batches;

	Assert(hooks_event_captures(event));
	while (new != NULL)
	{
		HookBatch  *found = begins_with(old, event, relid, first) ? old :
			begins_with(new, event, relid, first) ? new : NULL;

		if (found != NULL)
		{
			remove_batch(found);
			return found;
		}
		if (old == new || new->next == old)
			break;				/* they have met */
		old = old->newer;
		new = new->next;
	}
	return NULL;
}

void
hooks_batch_free(HookBatch *batch)
{
	MemoryContextDelete(batch->context);
}

/*
 * The tables that hold the rows.
 */
List *
hooks_batch_relations(const HookBatch *batch)
{
	List	   *relids = NIL;

	for (BatchTable *table = batch->tables; table != NULL; table = table->next)
		relids = lappend_oid(relids, table->relid);
	return relids;
}

/*
 * The query, and the trigger query level whose triggers it has fired, are
 * done: every batch of theirs must have fired.  If one has not, its trigger
 * was tampered with, and its rows must not go unseen.
 *
 * Batches that were opened before the query's command are those of statements
 * around it.
 */
void
hooks_batch_check_fired(const EState *query, uint64 level)
{
	for (HookBatch *batch = hooks_batches;
		 batch != NULL && batch->command >= query->es_output_cid;
		 batch = batch->next)
		if (batch->referential ? batch->level == level :
			batch->query_cxt == query->es_query_cxt)
			ereport(ERROR,
					(errcode(ERRCODE_HOOK_ERROR),
					 errmsg("%s hooks on \"%s\" did not fire",
							hooks_word_of_phase(batch->event->phase),
							get_rel_name(batch->root)),
					 errdetail("The trigger \"%s\" captured rows, but was not fired for them.",
							   batch->event->trigger),
					 hooks_place(batch->root, InvalidOid)));
}

/*
 * The transaction is over, and with it the memory of all this.
 */
void
hooks_batch_end_transaction(void)
{
	hooks_batches = NULL;
	oldest = NULL;
	hooks_batch_place_end_transaction();
}

/*
 * A subtransaction ends: its batches, which are the newest, go to its parent,
 * or away.
 */
void
hooks_batch_end_subtransaction(SubTransactionId subid, SubTransactionId parent,
							   bool commit)
{
	HookBatch  *batch = hooks_batches;

	while (batch != NULL && batch->subid == subid)
	{
		HookBatch  *next = batch->next;

		if (commit)
			batch->subid = parent;
		else
		{
			remove_batch(batch);
			hooks_batch_free(batch);
		}
		batch = next;
	}
}
