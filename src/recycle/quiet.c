/*
 * quiet.c
 *		A statement that fires only the triggers of constraints.
 *
 * For each table that a statement writes, the executor has a list of triggers,
 * which is a copy for this statement.  The triggers that PostgreSQL has made
 * for foreign keys and deferrable constraints stay in the list.  Users'
 * triggers, and with them the hooks, are removed.
 *
 * The list of a partition is made when the first row is routed to it.  So all
 * rows are routed once before the statement runs.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/execPartition.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"

#include "firing/bypass.h"
#include "recycle/quiet.h"

/*
 * Removes users' triggers from a table's list.  PostgreSQL's own triggers are
 * all AFTER ROW.
 */
static void
take_out_triggers(ResultRelInfo *table)
{
	TriggerDesc *all = table->ri_TrigDesc;
	TriggerDesc *left;

	if (all == NULL)
		return;
	left = palloc0(sizeof(TriggerDesc));
	left->triggers = palloc(sizeof(Trigger) * Max(all->numtriggers, 1));
	for (int i = 0; i < all->numtriggers; i++)
	{
		const Trigger *trigger = &all->triggers[i];

		if (!trigger->tgisinternal || !TRIGGER_FOR_ROW(trigger->tgtype) ||
			!TRIGGER_FOR_AFTER(trigger->tgtype))
			continue;
		left->triggers[left->numtriggers++] = *trigger;
		left->trig_insert_after_row |= TRIGGER_FOR_INSERT(trigger->tgtype);
		left->trig_update_after_row |= TRIGGER_FOR_UPDATE(trigger->tgtype);
		left->trig_delete_after_row |= TRIGGER_FOR_DELETE(trigger->tgtype);
	}
	memset(table->ri_TrigFunctions, 0, sizeof(FmgrInfo) * all->numtriggers);
	memset(table->ri_TrigWhenExprs, 0,
		   sizeof(ExprState *) * all->numtriggers);
	table->ri_TrigDesc = left->numtriggers > 0 ? left : NULL;
}

/*
 * Finds the partition of each row that a partitioned table is going to get.
 */
static void
find_partitions(ModifyTableState *state, HookRestored *table, EState *estate)
{
	ResultRelInfo *root = state->resultRelInfo;
	TupleTableSlot *kept = MakeSingleTupleTableSlot(table->desc,
													&TTSOpsMinimalTuple);
	TupleTableSlot *row =
		MakeSingleTupleTableSlot(RelationGetDescr(root->ri_RelationDesc),
								 &TTSOpsVirtual);

	while (tuplestore_gettupleslot(table->store, true, false, kept))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(kept);
		ExecClearTuple(row);
		memset(row->tts_isnull, true,
			   sizeof(bool) * row->tts_tupleDescriptor->natts);
		for (int i = 0; i < table->fields.n; i++)
		{
			AttrNumber	attnum = table->fields.attnums[i];

			if (attnum == InvalidAttrNumber)
				continue;
			row->tts_values[attnum - 1] = kept->tts_values[i];
			row->tts_isnull[attnum - 1] = kept->tts_isnull[i];
		}
		ExecStoreVirtualTuple(row);
		(void) ExecFindPartition(state, root,
								 state->mt_partition_tuple_routing, row,
								 estate);
		ResetPerTupleExprContext(estate);
	}
	tuplestore_rescan(table->store);
	ExecDropSingleTupleTableSlot(kept);
	ExecDropSingleTupleTableSlot(row);
}

/*
 * Keeps a started statement, which writes these tables in its WITH, from
 * firing users' triggers.
 */
void
hooks_quiet_statement(QueryDesc *query, List *tables)
{
	EState	   *estate = query->estate;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, estate->es_auxmodifytables)
	{
		ModifyTableState *state = lfirst(lc);
		Oid			relid =
			RelationGetRelid(state->resultRelInfo->ri_RelationDesc);

		foreach(cell, tables)
		{
			HookRestored *table = lfirst(cell);

			if (state->operation == CMD_INSERT &&
				state->mt_partition_tuple_routing != NULL &&
				table->format.relid == relid)
				find_partitions(state, table, estate);
		}
		for (int i = 0; i < state->mt_nrels; i++)
			take_out_triggers(&state->resultRelInfo[i]);
		if (state->rootResultRelInfo != state->resultRelInfo)
			take_out_triggers(state->rootResultRelInfo);
	}
	foreach(lc, estate->es_tuple_routing_result_relations)
	{
		take_out_triggers(lfirst(lc));
	}
	MemoryContextSwitchTo(old);
}

/*
 * Such a statement has been run: counts the hooks that it has left out.
 */
void
hooks_quiet_count(const QueryDesc *query)
{
	const EState *estate = query->estate;
	ListCell   *lc;

	foreach(lc, estate->es_auxmodifytables)
	{
		const ModifyTableState *state = lfirst(lc);
		const ResultRelInfo *root;

		/* parent.c puts something of its own into the list */
		if (!IsA(state, ModifyTableState))
			continue;
		root = state->rootResultRelInfo;
		hooks_bypass_skipped(root->ri_RelationDesc, state->operation, true);
		for (int i = 0; i < state->mt_nrels; i++)
			if (state->resultRelInfo[i].ri_RelationDesc !=
				root->ri_RelationDesc)
				hooks_bypass_skipped(state->resultRelInfo[i].ri_RelationDesc,
									 state->operation, false);
	}
	foreach(lc, estate->es_tuple_routing_result_relations)
	{
		hooks_bypass_skipped(((ResultRelInfo *) lfirst(lc))->ri_RelationDesc,
							 CMD_INSERT, false);
	}
}
