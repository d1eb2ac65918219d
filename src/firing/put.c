/*
 * put.c
 *		Hooks on put: statements that may insert or update.
 *
 * These are INSERT ... ON CONFLICT DO UPDATE and MERGE.  Their triggers are
 * those of INSERT and UPDATE, and the hooks on put are in the chains of both;
 * the statement's plan tells whether it is a put.  A hook fires once for a row
 * or statement, though a put has events of both:
 *
 *	before, row		the proposed row.  ON CONFLICT proposes to insert each, and
 *					may then update another; MERGE does one of the two.
 *	after, row		the row that resulted, at the event of what happened.
 *	before, statement	at the first event: INSERT, unless a MERGE has none.
 *	after, statement	at the last one, with the rows of both.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "firing/provenance.h"
#include "firing/put.h"
#include "firing/root.h"
#include "firing/statement.h"

/*
 * Has the statement itself, and no action of a foreign key, brought the event
 * about?
 */
static bool
is_own_event(const HookRun *run, const TriggerData *trigdata,
			 const HookSurroundings *around)
{
	HookOrigin	found;
	const HookOrigin *origin = around->origin;

	if (around->referential)
		return false;

	/* one event for all that was done to the table, by actions too */
	if (run->event->level == HOOK_STATEMENT)
		return true;
	if (origin == NULL)
	{
		hooks_provenance_of_event(hooks_statement, run->event, trigdata,
								  &found);
		origin = &found;
	}
	return origin->depth == 0;
}

/*
 * What kinds of puts the statement is for a table, as bits; 0 if it is none,
 * or not known.  Found once for a statement.
 */
static int
find_puts(HookRun *run, const TriggerData *trigdata)
{
	const char *sql;
	const PlannedStmt *plan;
	CmdType		operation = hooks_statement_operation(trigdata->tg_event);

	if (run->puts >= 0)
		return run->puts;
	plan = hooks_statement_root(hooks_statement, run->query_cxt, &sql);
	run->puts = plan == NULL ? 0 :
		hooks_root_puts(plan, RelationGetRelid(trigdata->tg_relation),
						operation, run->event->level == HOOK_ROW);
	return run->puts;
}

/*
 * Adds the rows of a tuplestore, which others read too, to another one.
 */
static void
add_put_rows(Tuplestorestate *to, Tuplestorestate *from, TupleDesc desc)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc,
													&TTSOpsMinimalTuple);
	int			pointer = tuplestore_alloc_read_pointer(from,
														EXEC_FLAG_REWIND);

	tuplestore_select_read_pointer(from, pointer);
	tuplestore_rescan(from);
	while (tuplestore_gettupleslot(from, true, false, slot))
	{
		CHECK_FOR_INTERRUPTS();
		tuplestore_puttupleslot(to, slot);
	}
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * The trigger data of the events of INSERT and UPDATE in one, with the rows of
 * both, or of the one that there is; where the table can have them.
 */
static void
join_tables(HookPut *put, const HookRun *run, const HookPutRows *other)
{
	TupleDesc	desc = RelationGetDescr(put->trigdata->tg_relation);
	bool		update = TRIGGER_FIRED_BY_UPDATE(put->trigdata->tg_event);
	MemoryContext old;

	put->own = *put->trigdata;
	put->trigdata = &put->own;
	if (other != NULL && update)
		put->own.tg_event = other->event;
	if (put->own.tg_newtable == NULL)
		return;
	put->trigger = *put->own.tg_trigger;
	put->trigger.tgoldtable = "old_table";
	put->own.tg_trigger = &put->trigger;
	old = MemoryContextSwitchTo(run->context);
	if (other == NULL && !update)
		put->none = put->own.tg_oldtable =
			tuplestore_begin_heap(false, false, work_mem);
	if (other != NULL && other->new_table != NULL)
	{
		put->both = tuplestore_begin_heap(false, false, work_mem);
		add_put_rows(put->both, other->new_table, desc);
		add_put_rows(put->both, put->own.tg_newtable, desc);
		put->own.tg_newtable = put->both;
		if (!update)
			put->own.tg_oldtable = other->old_table;
	}
	MemoryContextSwitchTo(old);
}

/*
 * An event after a statement.  If the statement has two, hooks fire at the
 * second one: UPDATE comes first, unless a foreign key's action on the same
 * table has moved it.
 */
static void
begin_after_statement(HookPut *put, const HookRun *run, int puts)
{
	bool		two = (puts & HOOK_UPSERTS) != 0 ||
		((puts & HOOK_MERGE_INSERTS) != 0 &&
		 (puts & HOOK_MERGE_UPDATES) != 0);
	Oid			relid = RelationGetRelid(put->trigdata->tg_relation);
	HookPutRows *first;

	if (!two || hooks_statement == NULL)
	{
		put->fires = !two || run->event->action == HOOK_INSERT;
		if (put->fires)
			join_tables(put, run, NULL);
		return;
	}
	first = &hooks_statement->put;
	if (first->relid == relid &&
		TRIGGER_FIRED_BY_UPDATE(first->event) !=
		TRIGGER_FIRED_BY_UPDATE(put->trigdata->tg_event))
	{
		put->fires = true;
		join_tables(put, run, first);
		first->relid = InvalidOid;
		return;
	}
	first->relid = relid;
	first->event = put->trigdata->tg_event;
	first->old_table = put->trigdata->tg_oldtable;
	first->new_table = put->trigdata->tg_newtable;
}

/*
 * Looks whether hooks on put fire at an event, and with what.  palloc'd.
 */
HookPut *
hooks_put_begin(HookRun *run, TriggerData *trigdata,
				const HookSurroundings *around)
{
	HookPut    *put = palloc0(sizeof(HookPut));
	bool		insert = run->event->action == HOOK_INSERT;
	int			puts;

	Assert(run->event->action == HOOK_INSERT ||
		   run->event->action == HOOK_UPDATE);
	put->trigdata = trigdata;
	puts = is_own_event(run, trigdata, around) ? find_puts(run, trigdata) : 0;
	put->of_put = puts != 0;
	if (puts == 0)
		return put;
	if (run->event->level == HOOK_ROW)
		put->fires = insert || run->event->phase == HOOK_AFTER ||
			(puts & HOOK_MERGE_UPDATES) != 0;
	else if (run->event->phase == HOOK_AFTER)
		begin_after_statement(put, run, puts);
	else
		put->fires = insert || (puts & ~HOOK_MERGE_UPDATES) == 0;
	return put;
}

/*
 * The event is over.
 */
void
hooks_put_end(HookPut *put)
{
	if (put->none != NULL)
		tuplestore_end(put->none);
	if (put->both != NULL)
		tuplestore_end(put->both);
	pfree(put);
}
