/*
 * answer.c
 *		The SQL API of a firing: hooks.doomed().
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/tupconvert.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/ancestors.h"
#include "base/compat.h"
#include "base/result.h"
#include "base/rights.h"
#include "base/tidlist.h"
#include "cascade/doomed.h"
#include "cascade/emptied.h"
#include "firing/context.h"

/*
 * Adds the row in a slot to the result, in the format of the table that was
 * asked for.
 */
static void
put_slot(Tuplestorestate *result, TupleTableSlot *slot,
		 TupleConversionMap *map,
		 TupleTableSlot *converted)
{
	tuplestore_puttupleslot(result, map == NULL ? slot :
							execute_attr_map_slot(map->attrMap, slot,
												  converted));
}

/*
 * Adds rows of a table to the result: all that the snapshot sees, or those of
 * a list of TIDs.
 */
static void
put_rows(Tuplestorestate *result, TupleDesc desc, Oid relid,
		 const HookTidList *rows)
{
	Relation	rel = table_open(relid, AccessShareLock);
	TupleConversionMap *map =
		convert_tuples_by_name(RelationGetDescr(rel), desc);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TupleTableSlot *converted = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);

	if (rows == NULL)
	{
		TableScanDesc scan = hooks_table_beginscan(rel, GetActiveSnapshot());

		while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		{
			CHECK_FOR_INTERRUPTS();
			put_slot(result, slot, map, converted);
		}
		table_endscan(scan);
	}
	else
		for (int64 i = 0; i < rows->n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (table_tuple_fetch_row_version(rel, &rows->tids[i], SnapshotAny,
											  slot))
				put_slot(result, slot, map, converted);
		}
	ExecDropSingleTupleTableSlot(converted);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);
}

PG_FUNCTION_INFO_V1(hooks_doomed);

/*
 * hooks.doomed(anyelement) returns setof anyelement
 *
 * In a before_cascade or before_closure firing of a delete or truncate: every
 * row of a table that the statement removes.  55000 elsewhere, 42809 if the
 * argument is not of a table's row type; errors of hooks_rights_check_read().
 */
Datum
hooks_doomed(PG_FUNCTION_ARGS)
{
	Oid			target =
		hooks_result_table(fcinfo, 0, "hooks.doomed(NULL::some_table)");
	const HookFiring *firing = hooks_firing;
	Tuplestorestate *result;
	TupleDesc	desc;
	ListCell   *lc;

	if (firing == NULL || !hooks_doomed_knows(firing))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("hooks.doomed() was not called in a before_cascade or before_closure firing"),
				 errdetail("It tells of the rows that the current DELETE or TRUNCATE removes."),
				 errhint("Call it in the callback of a hook of phase before_cascade on action delete or truncate, or of phase before_closure.")));
	hooks_rights_check_read(target);
	result = hooks_result_begin(fcinfo, &desc);

	if (firing->subject->event->action == HOOK_TRUNCATE)
	{
		List	   *truncated =
			hooks_emptied_tables(hooks_graph_pin(CurrentMemoryContext),
								 firing->subject->relation);

		/* who empties them has locked them */
		foreach(lc, hooks_ancestors_below(target, NoLock))
		{
			Oid			relid = lfirst_oid(lc);

			if (get_rel_relkind(relid) == RELKIND_RELATION &&
				hooks_emptied_has(truncated, relid))
				put_rows(result, desc, relid, NULL);
		}
		return (Datum) 0;
	}
	foreach(lc, hooks_doomed_rows(firing, target))
	{
		const HookTidList *rows = lfirst(lc);

		put_rows(result, desc, rows->relid, rows);
	}
	return (Datum) 0;
}
