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

#include "access/sysattr.h"
#include "access/table.h"
#include "access/tupdesc.h"
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/execPartition.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"

#include "firing/bypass.h"
#include "firing/root.h"
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
 * Does a column decide in which partition a row is, at whatever level?
 */
static bool
is_partition_column(Relation root, AttrNumber attnum)
{
	const char *name =
		NameStr(TupleDescAttr(RelationGetDescr(root), attnum - 1)->attname);
	bool		found = false;
	ListCell   *lc;

	foreach(lc, find_all_inheritors(RelationGetRelid(root), NoLock, NULL))
	{
		Relation	rel;
		Bitmapset  *column;

		if (get_rel_relkind(lfirst_oid(lc)) != RELKIND_PARTITIONED_TABLE)
			continue;
		rel = table_open(lfirst_oid(lc), AccessShareLock);
		column = bms_make_singleton(get_attnum(lfirst_oid(lc), name) -
									FirstLowInvalidHeapAttributeNumber);
		found |= has_partition_attrs(rel, column, NULL);
		table_close(rel, NoLock);
	}
	return found;
}

/*
 * What computes a partition column of which no value was kept, as it is newer:
 * its default.  0A000 if this may be another one each time.  NULL: nothing
 * does.
 */
static ExprState *
prepare_default(Relation root, AttrNumber attnum)
{
	Expr	   *expr = (Expr *) build_column_default(root, attnum);

	if (expr == NULL)
		return NULL;
	expr = expression_planner(expr);
	if (contain_volatile_functions((Node *) expr))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot restore rows of table \"%s\" without its triggers",
						RelationGetRelationName(root)),
				 errdetail("Column \"%s\", which decides in which partition a row is, is new and has a volatile default.",
						   NameStr(TupleDescAttr(RelationGetDescr(root),
												 attnum - 1)->attname))));
	return ExecInitExpr(expr, NULL);
}

/*
 * The defaults of a table's new partition columns, by column; NULL for others.
 */
static ExprState **
prepare_defaults(Relation root, const HookRestored *table)
{
	TupleDesc	desc = RelationGetDescr(root);
	ExprState **defaults = palloc0(sizeof(ExprState *) * desc->natts);
	Bitmapset  *known = NULL;

	for (int i = 0; i < table->fields.n; i++)
		if (table->fields.attnums[i] != InvalidAttrNumber)
			known = bms_add_member(known, table->fields.attnums[i]);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && att->attgenerated == '\0' &&
			!bms_is_member(i + 1, known) && is_partition_column(root, i + 1))
			defaults[i] = prepare_default(root, i + 1);
	}
	bms_free(known);
	return defaults;
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
	ExprState **defaults = prepare_defaults(root->ri_RelationDesc, table);

	while (tuplestore_gettupleslot(table->store, true, false, kept))
	{
		CHECK_FOR_INTERRUPTS();
		hooks_fields_place(&table->fields, kept, row);
		for (int i = 0; i < row->tts_tupleDescriptor->natts; i++)
			if (defaults[i] != NULL)
				row->tts_values[i] =
					ExecEvalExprSwitchContext(defaults[i],
											  GetPerTupleExprContext(estate),
											  &row->tts_isnull[i]);
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
		int			actions;

		/* parent.c puts something of its own into the list */
		if (!IsA(state, ModifyTableState))
			continue;
		root = state->rootResultRelInfo;
		actions =
			hooks_root_actions_of_part((const ModifyTable *) state->ps.plan);
		hooks_bypass_skipped(root->ri_RelationDesc, actions, true);
		for (int i = 0; i < state->mt_nrels; i++)
			if (state->resultRelInfo[i].ri_RelationDesc !=
				root->ri_RelationDesc)
				hooks_bypass_skipped(state->resultRelInfo[i].ri_RelationDesc,
									 actions, false);
	}
	foreach(lc, estate->es_tuple_routing_result_relations)
	{
		hooks_bypass_skipped(((ResultRelInfo *) lfirst(lc))->ri_RelationDesc,
							 HOOK_INSERT, false);
	}
}
