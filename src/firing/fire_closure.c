/*
 * fire_closure.c
 *		Fires the before_closure hooks of a delete.
 *
 * The first event of a statement that has captured rows comes before all
 * referential actions.  There a walk finds everything that the cascade is
 * going to remove, and the hooks on all these tables fire, nearest tables
 * first.  What comes into the cascade only later, as a callback or a trigger
 * adds it, is captured when it is removed, like all rows of hooked tables; the
 * event of that batch fires the hooks for those rows that were not told of at
 * the root (told.c).  The same happens to all rows if those of the root could
 * not be captured.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/rel.h"

#include "firing/fire.h"
#include "firing/fire_batch.h"
#include "firing/fire_closure.h"
#include "firing/told.h"
#include "registry/present.h"

HookClosureFinder hooks_closure_finder = NULL;

/*
 * What the statement did in the first place; not known if it has removed rows
 * of several tables that it names.
 */
static HookRoot
find_root(const HookBatch *batch, MemoryContext query_cxt)
{
	HookRoot	root = batch->origin.root;

	for (HookBatch *other = hooks_batches; other != NULL; other = other->next)
		if (!other->referential && other->query_cxt == query_cxt &&
			other->event == batch->event)
			hooks_root_join(&root, &other->origin.root);
	return root;
}

static HookClosureTable *
find_table(List *tables, Oid target)
{
	ListCell   *lc;

	foreach(lc, tables)
	{
		if (((HookClosureTable *) lfirst(lc))->target == target)
			return lfirst(lc);
	}
	return NULL;
}

/* The firing of a whole closure */
typedef struct ClosureFiring
{
	HookBatchFiring firing;
	HookRun    *run;
	HookDelete *statement;
	const HookBatch *batch;		/* whose event this is */
	TriggerData *row_trigger;
	CommandId	since;			/* the first one after the walk */
	HookClosure closure;
	bool		again;			/* there was another walk, as callbacks wrote
								 * to tables of the closure, or altered them */
	HookClosure second;			/* what the last one found */
} ClosureFiring;

/*
 * Decides which rows the hooks on a table are told of, when the first of them
 * fires: those that were found at the root, and still go.  Callbacks that have
 * fired before may have changed that.
 */
static void
make_ready(ClosureFiring *all, HookClosureTable *table)
{
	HookBatch  *again = NULL;

	/* what the callbacks so far have written counts */
	CommandCounterIncrement();
	if (all->statement->touched)
	{
		all->statement->touched = false;
		all->again = true;
		hooks_closure_finder(all->batch, &all->second);
	}
	if (all->again)
	{
		HookClosureTable *found = find_table(all->second.tables,
											 table->target);

		again = found != NULL ? found->rows :
			hooks_batch_make(table->rows->event, true);
	}
	table->rows = hooks_told_filter_walked(table->rows, table->target,
										   all->since, again);
	hooks_told_add(all->statement, table->target, table->rows);
	table->ready = true;
}

/*
 * Fires the hooks on the tables that are equally near, in their order.
 */
static void
fire_depth(ClosureFiring *all, HookOrigin *origin, int depth)
{
	for (int i = 0; i < all->run->length; i++)
	{
		HookCall   *call = &all->run->calls[i];
		HookClosureTable *table = find_table(all->closure.tables,
											 call->member->target);

		if (table->depth != depth || !hooks_fire_is_due(call, NULL))
			continue;
		if (!table->ready)
			make_ready(all, table);
		if (table->rows->tables == NULL)
			continue;
		origin->depth = depth;
		origin->constraint = table->constraint;
		all->firing.batch = table->rows;
		hooks_fire_batch_call(&all->firing, all->run, call, all->row_trigger,
							  NULL);
	}
}

/*
 * Fires the hooks on all tables of a statement's closure, those on the nearest
 * tables first.  The tables, without those whose hooks are all left out.
 */
static List *
fire_all(HookDelete *statement, HookBatch *batch, TriggerData *row_trigger,
		 MemoryContext query_cxt)
{
	ClosureFiring all = {.statement = statement,.batch = batch,
		.row_trigger = row_trigger};
	HookOrigin	origin = {0};
	List	   *relids = NIL;
	int			depth = HOOK_DEPTH_UNKNOWN;
	ListCell   *lc;

	hooks_closure_finder(batch, &all.closure);
	if (all.closure.tables == NIL)
		return NIL;
	CommandCounterIncrement();
	all.since = GetCurrentCommandId(false);
	hooks_deleted_watch(statement, all.closure.on_the_way);
	foreach(lc, all.closure.tables)
	{
		relids = lappend_oid(relids,
							 ((HookClosureTable *) lfirst(lc))->target);
	}
	all.run = hooks_fire_prepare(hooks_event_closure(batch->event), relids,
								 CurrentMemoryContext);
	all.run->batch = batch;
	all.run->origin = &origin;
	all.run->query_cxt = query_cxt;
	origin.root = find_root(batch, query_cxt);
	hooks_fire_batch_begin(&all.firing, all.run);
	foreach(lc, all.closure.tables)
	{
		const HookClosureTable *table = lfirst(lc);

		Assert(table->depth >= depth);
		if (table->depth != depth)
			fire_depth(&all, &origin, table->depth);
		depth = table->depth;
	}
	hooks_fire_batch_end(&all.firing);
	hooks_deleted_watch(statement, NIL);
	return all.closure.tables;
}

/*
 * Are there before_closure hooks for rows of a batch, but for those on certain
 * tables?
 */
static bool
has_closure_hooks(const HookBatch *batch, const HookEvent *event, List *told)
{
	bool		found = false;

	for (BatchTable *table = batch->tables; table != NULL && !found;
		 table = table->next)
	{
		HookRelation *relation = hooks_chain_pin(table->relid);
		const HookChain *chain = hooks_chain_of(relation, event);

		for (int i = 0; i < chain->length && !found; i++)
			found = find_table(told, chain->members[i]->target) == NULL;
		hooks_chain_unpin(relation);
	}
	return found;
}

/*
 * Fires the hooks on the tables of a batch, for those rows that they were not
 * told of yet.  told: tables whose hooks know all of them.
 */
static void
fire_late(HookBatch *batch, TriggerData *row_trigger, MemoryContext query_cxt,
		  List *told)
{
	const HookEvent *event = hooks_event_closure(batch->event);
	List	   *tables = NIL;
	HookBatchFiring firing;
	HookRun    *run;

	/* whoever observes is told of hooks that are disabled, too */
	if (!has_closure_hooks(batch, event, told) && !hooks_observed)
		return;
	run = hooks_fire_batch_prepare(batch, event, query_cxt);
	hooks_fire_batch_begin(&firing, run);
	for (int i = 0; i < run->length; i++)
	{
		HookCall   *call = &run->calls[i];
		HookClosureTable *table = find_table(tables, call->member->target);

		if (find_table(told, call->member->target) != NULL)
			continue;
		if (table == NULL)
		{
			table = palloc0(sizeof(HookClosureTable));
			table->target = call->member->target;
			table->rows = hooks_told_filter_captured(batch, table->target);
			tables = lappend(tables, table);
		}
		firing.batch = table->rows;
		if (table->rows->tables != NULL && hooks_fire_is_due(call, NULL))
			hooks_fire_batch_call(&firing, run, call, row_trigger, NULL);
	}
	hooks_fire_batch_end(&firing);
}

/*
 * Fires the before_closure hooks that are due when the batch's event comes.
 * row_trigger is what the trigger manager has called dispatch() with for the
 * batch's first row, and query_cxt the executor's memory of that query.
 */
void
hooks_fire_closure(HookBatch *batch, TriggerData *row_trigger,
				   MemoryContext query_cxt)
{
	List	   *told = NIL;
	HookDelete *statement;

	if (hooks_event_closure(batch->event) == NULL)
		return;
	if (!batch->referential &&
		(hooks_present_kinds() & HOOKS_BEFORE_CLOSURE) != 0)
	{
		statement = hooks_deleted_of_query(query_cxt);
		if (!statement->closed)
		{
			statement->closed = true;
			told = fire_all(statement, batch, row_trigger, query_cxt);
		}
	}
	fire_late(batch, row_trigger, query_cxt, told);
}
