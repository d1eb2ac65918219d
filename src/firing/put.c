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
 *
 * A row that MERGE moves to another partition has three events, of which the
 * first and the last could be one of a put each:
 *
 *		before update of the old partition		the proposed row
 *		before delete of that					not of a put
 *		before insert of the new partition		the same row: nothing fires
 *		after delete, after insert				the row that resulted
 *
 * Where another part of the statement updates the same table, its rows are no
 * puts.  Trigger.c does not tell which part an event is of, but it does tell
 * which columns were assigned.  So before such a statement runs, an additional
 * column is noted for these parts: that of the system which has the table,
 * and which nobody can assign.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "base/ancestors.h"
#include "base/compat.h"
#include "firing/provenance.h"
#include "firing/put.h"
#include "firing/root.h"
#include "firing/rows.h"
#include "firing/statement.h"
#include "registry/scope.h"

/* among the columns that are assigned, it marks a part that is no put */
#define NO_PUT	(TableOidAttributeNumber - FirstLowInvalidHeapAttributeNumber)

/*
 * Marks the columns that a part of a statement assigns to a relation.
 */
static void
mark_relation(EState *estate, Index rti)
{
	int			n = hooks_permission_number(estate, rti);
	ListCell   *cell;
	HookPermission *permission;

	if (n == 0)
		return;
	cell = list_nth_cell(hooks_estate_permissions(estate), n - 1);
	permission = palloc(sizeof(HookPermission));
	*permission = *(HookPermission *) lfirst(cell);
	permission->updatedCols = bms_add_member(bms_copy(permission->updatedCols),
											 NO_PUT);
	lfirst(cell) = permission;
}

/*
 * A statement is about to run that changes tables in its WITH.  If one of its
 * parts is a put, marks those that are updates.  The plan stays as it is.
 */
void
hooks_put_mark(const QueryDesc *query)
{
	EState	   *estate = query->estate;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	List	   *parts = hooks_root_parts(query->plannedstmt);
	int			puts = 0;
	int			updates = 0;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, parts)
	{
		puts |= hooks_root_puts_of_part(lfirst(lc));
		updates += ((ModifyTable *) lfirst(lc))->operation == CMD_UPDATE;
	}
	if (puts != 0 && updates > 0)
	{
		hooks_estate_permissions(estate) =
			list_copy(hooks_estate_permissions(estate));
		foreach(lc, parts)
		{
			const ModifyTable *part = lfirst(lc);

			if (part->operation != CMD_UPDATE)
				continue;
			mark_relation(estate, part->nominalRelation);
			foreach(cell, part->resultRelations)
			{
				mark_relation(estate, lfirst_int(cell));
			}
		}
	}
	list_free(parts);
	MemoryContextSwitchTo(old);
}

/*
 * The partition that a MERGE has just taken the row out of that it is about to
 * insert; InvalidOid if the row is a new one.
 */
static Oid
find_moved_from(HookStatement *statement)
{
	Oid			from = statement->merged_in;
	HookRowFetcher fetcher;
	Relation	rel;
	bool		moved;

	if (!OidIsValid(from))
		return InvalidOid;
	rel = table_open(from, NoLock);
	hooks_rows_begin(&fetcher, rel, HOOK_VERSIONS_OLD);
	fetcher.shared = true;
	moved = fetcher.heap && hooks_rows_get(&fetcher, &statement->merged) &&
		HeapTupleHeaderIndicatesMovedPartitions(fetcher.tuple.t_data);
	hooks_rows_end(&fetcher);
	table_close(rel, NoLock);
	return moved ? from : InvalidOid;
}

/*
 * An event before a row that MERGE may update, and then move.  The insertion
 * that moves it is the next event of the statement, but for one that no hook
 * is told of; another insertion into the same partition is none.
 */
static void
begin_merged_row(HookPut *put, const TriggerData *trigdata, bool insert)
{
	Oid			relid = RelationGetRelid(trigdata->tg_relation);

	put->fires = true;
	if (hooks_statement == NULL)
		return;
	if (!insert)
	{
		hooks_statement->merged_in = relid;
		hooks_statement->merged = trigdata->tg_trigtuple->t_self;
		return;
	}
	if (hooks_statement->merged_in != relid)
		put->moved_from = find_moved_from(hooks_statement);
	hooks_statement->merged_in = InvalidOid;
}

/*
 * Has a hook of the event fired before for the same row?  A hook that is not
 * on the partition that the row comes from has not.
 */
bool
hooks_put_has_fired(const HookPut *put, const Hook *hook)
{
	if (!OidIsValid(put->moved_from))
		return false;
	return OidIsValid(hook->relation) ?
		list_member_oid(hooks_ancestors_of(put->moved_from), hook->relation) :
		hooks_scope_covers(hook, put->moved_from);
}

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

	if (operation == CMD_UPDATE && run->event->level == HOOK_ROW &&
		bms_is_member(NO_PUT, trigdata->tg_updatedcols))
		return 0;
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
	HookPutRows **link;
	HookPutRows *first;

	if (!two || hooks_statement == NULL)
	{
		put->fires = !two || run->event->action == HOOK_INSERT;
		if (put->fires)
			join_tables(put, run, NULL);
		return;
	}
	link = &hooks_statement->puts;
	while (*link != NULL && (*link)->relid != relid)
		link = &(*link)->next;
	first = *link;
	if (first == NULL)
	{
		first = *link = MemoryContextAllocZero(run->context,
											   sizeof(HookPutRows));
		first->relid = relid;
	}
	else if (TRIGGER_FIRED_BY_UPDATE(first->event) !=
			 TRIGGER_FIRED_BY_UPDATE(put->trigdata->tg_event))
	{
		put->fires = true;
		join_tables(put, run, first);
		*link = first->next;
		return;
	}
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
	if (run->event->level == HOOK_ROW && run->event->phase == HOOK_AFTER)
		put->fires = true;
	else if (run->event->level == HOOK_ROW && (puts & HOOK_MERGE_UPDATES) != 0)
		begin_merged_row(put, trigdata, insert);
	else if (run->event->level == HOOK_ROW)
		put->fires = insert;
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
