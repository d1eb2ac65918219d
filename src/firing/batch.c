/*
 * batch.c
 *		Captured rows: what one before_cascade firing is about.
 *
 * While a statement deletes or updates rows, the WHEN of our trigger captures
 * their TIDs.  The first row opens a batch and queues its event, the others
 * join the batch and queue none.  When trigger.c fires the event, all rows of
 * the statement are in the batch, and no referential action has run yet.
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
 * Each batch has a memory context below TopTransactionContext.  The list of
 * batches follows subtransactions: what was captured in one that aborts goes
 * with it.
 */
#include "postgres.h"

#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/place.h"
#include "base/settings.h"
#include "firing/batch.h"
#include "firing/statement.h"

#define FIRST_CHUNK		16
#define LARGEST_CHUNK	65536

/* see batch.h; and above for aborts */
HookBatch  *hooks_batches = NULL;

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
	batch->next = hooks_batches;
	hooks_batches = batch;
	return batch;
}

/*
 * The batch that a capture may join, NULL if none.
 */
static HookBatch *
find_batch(const HookCapture *capture)
{
	HookBatch  *batch;

	for (batch = hooks_batches; batch != NULL; batch = batch->next)
	{
		if (batch->id == capture->batch)
			return batch;
		if (batch->event != capture->event || batch->root != capture->root)
			continue;
		if (batch->query_cxt == capture->query_cxt)
			return batch;
		if (batch->referential && hooks_statement != NULL &&
			hooks_statement->referential &&
			batch->level == hooks_statement->level)
			return batch;
	}
	return NULL;
}

/*
 * The statement itself has changed rows of one more table.
 */
static void
add_root(HookBatch *batch, Oid relid)
{
	const char *text;
	const PlannedStmt *plan = hooks_statement_root(hooks_statement, batch->query_cxt,
												   &text);
	HookRoot	root;

	if (plan == NULL)
		return;
	(void) hooks_root_of_row(plan, relid,
							 batch->event->action == HOOK_DELETE ?
							 CMD_DELETE : CMD_UPDATE, &root);
	if (batch->tables == NULL)
		batch->origin.root = root;
	else
		hooks_root_join(&batch->origin.root, &root);
}

static BatchTable *
get_batch_table(HookBatch *batch, Oid relid)
{
	BatchTable *table;
	BatchTable **end = &batch->tables;

	for (table = batch->tables; table != NULL; table = table->next)
	{
		if (table->relid == relid)
			return table;
		end = &table->next;
	}
	if (!batch->referential)
		add_root(batch, relid);
	table = MemoryContextAllocZero(batch->context, sizeof(BatchTable));
	table->relid = relid;
	*end = table;
	return table;
}

static inline void
add_tids(HookBatch *batch, BatchTable *table, ItemPointer old_tid,
		 ItemPointer new_tid)
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
 * Adds a row; new_tid is NULL for a deleted one.  Returns true if it is the
 * first of its batch, whose event the caller has to queue.
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
		batch = find_batch(capture);
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

		if (ItemPointerGetOffsetNumber(last) == ItemPointerGetOffsetNumber(old_tid) &&
			ItemPointerGetBlockNumber(last) == ItemPointerGetBlockNumber(old_tid))
			return false;
	}
	add_tids(batch, table, old_tid, new_tid);
	return first;
}

/*
 * Takes the batch out of the list whose first row this is; NULL if there is
 * none, because it has fired or was rolled back.  The caller frees it.
 */
HookBatch *
hooks_batch_take(const HookEvent *event, Oid relid, ItemPointer first)
{
	Assert(hooks_event_captures(event));
	for (HookBatch **link = &hooks_batches; *link != NULL; link = &(*link)->next)
	{
		HookBatch  *batch = *link;

		if (batch->event == event && batch->tables != NULL &&
			batch->tables->relid == relid &&
			ItemPointerEquals(&batch->tables->head->tids[0], first))
		{
			*link = batch->next;
			return batch;
		}
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
 * A query's memory goes away; another may be given the same address.
 */
void
hooks_batch_query_ends(MemoryContext query_cxt)
{
	for (HookBatch *batch = hooks_batches; batch != NULL; batch = batch->next)
		if (batch->query_cxt == query_cxt)
			batch->query_cxt = NULL;
}

/*
 * The query, and the trigger query level whose triggers it has fired, are
 * done: every batch of theirs must have fired.  If one has not, its trigger
 * was tampered with, and its rows must not go unseen.
 */
void
hooks_batch_check_fired(MemoryContext query_cxt, uint64 level)
{
	for (HookBatch *batch = hooks_batches; batch != NULL; batch = batch->next)
		if (batch->query_cxt == query_cxt || (batch->referential && batch->level == level))
			ereport(ERROR,
					(errcode(ERRCODE_HOOK_ERROR),
					 errmsg("before_cascade hooks on \"%s\" did not fire",
							get_rel_name(batch->root)),
					 errdetail("The trigger \"%s\" captured rows, but was not fired for them.",
							   batch->event->trigger),
					 hooks_place(batch->root, InvalidOid)));
}

/*
 * A subtransaction ends: its batches go to its parent, or away.
 */
void
hooks_batch_end_subtransaction(SubTransactionId subid, SubTransactionId parent,
							   bool commit)
{
	HookBatch **link = &hooks_batches;

	while (*link != NULL)
	{
		HookBatch  *batch = *link;

		if (batch->subid == subid && !commit)
		{
			*link = batch->next;
			hooks_batch_free(batch);
			continue;
		}
		if (batch->subid == subid)
			batch->subid = parent;
		link = &batch->next;
	}
}
