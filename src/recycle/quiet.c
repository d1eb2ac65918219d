/*
 * quiet.c
 *		A statement that fires no triggers but those of constraints.
 *
 * The executor has a list of triggers for each table that a statement writes,
 * a copy for this statement only.  Those that PostgreSQL has made itself, for
 * foreign keys and for constraints that wait, stay in it; users' triggers go,
 * and with them the hooks.
 *
 * The list of a partition is made when a row first comes to it.  So the rows
 * are sent to their partitions once before the statement runs.
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

#include "recycle/quiet.h"

/*
 * Takes users' triggers out of a table's list.  PostgreSQL's own ones are all
 * AFTER ROW.
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
 * Sends the rows that a partitioned table will get to their partitions.
 */
static void
find_partitions(ModifyTableState * state, HookRestored *table, EState *estate)
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
 * Makes a statement that was started, and writes these tables in its WITH, one
 * that fires no users' triggers.
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
