/*
 * standin.c
 *		Tables that pg_dump takes in the place of others.
 *
 * pg_dump locks and reads the tables that it dumps as the role that runs it.
 * Where not everybody may read a table of ours, or not all of it, pg_dump
 * finds a table in its place that everybody may read and that has no rows, its
 * stand-in, and asks a function for the rows.  (A view would do that too, but
 * pg_dump refuses to read one.) pg_restore writes to the stand-in, and its
 * trigger to the table.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tupconvert.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/append.h"
#include "base/own.h"
#include "base/result.h"
#include "base/standin.h"

/*
 * For a function that returns a set of the stand-in's rows: those of the table
 * that the filter lets pass, as the current query sees them.  Large values are
 * not fetched before they are looked at.
 */
void
hooks_standin_read(FunctionCallInfo fcinfo, Relation rel,
				   HookStandinFilter filter, void *arg)
{
	TupleDesc	desc;
	Tuplestorestate *result = hooks_result_begin(fcinfo, &desc);
	TupleConversionMap *map = convert_tuples_by_name(RelationGetDescr(rel),
													 desc);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false,
										  GetActiveSnapshot(), 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		HeapTuple	passed;

		CHECK_FOR_INTERRUPTS();
		passed = filter(rel, tuple, arg);
		if (passed == NULL)
			continue;
		if (map == NULL)
			tuplestore_puttuple(result, passed);
		else
		{
			HeapTuple	mapped = execute_attr_map_tuple(passed, map);

			tuplestore_puttuple(result, mapped);
			heap_freetuple(mapped);
		}
		if (passed != tuple)
			heap_freetuple(passed);
	}
	systable_endscan(scan);
	if (map != NULL)
		free_conversion_map(map);
}

/*
 * For a trigger before a row comes into the stand-in: the row goes to the
 * table instead.  False if the trigger is another one.
 */
bool
hooks_standin_load(TriggerData *data, const char *standin, const char *table)
{
	HeapTuple	tuple = data->tg_trigtuple;
	Relation	rel;
	TupleDesc	desc;
	TupleConversionMap *map;
	Datum	   *values;
	bool	   *nulls;

	if (!TRIGGER_FIRED_BEFORE(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(data->tg_event) ||
		RelationGetRelid(data->tg_relation) !=
		hooks_own_relation(standin, RELKIND_RELATION))
		return false;
	rel = hooks_own_open_named(table, RELKIND_RELATION, RowExclusiveLock);
	desc = RelationGetDescr(rel);
	map = convert_tuples_by_name(RelationGetDescr(data->tg_relation), desc);
	if (map != NULL)
		tuple = execute_attr_map_tuple(tuple, map);
	values = palloc(sizeof(Datum) * desc->natts);
	nulls = palloc(sizeof(bool) * desc->natts);
	heap_deform_tuple(tuple, desc, values, nulls);
	hooks_append_one(rel, values, nulls);
	table_close(rel, NoLock);
	return true;
}
