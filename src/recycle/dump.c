/*
 * dump.c
 *		The recycle bin in a dump.
 *
 * pg_dump locks and reads the tables that it dumps as the role that runs it.
 * That role may see a row of hooks.kept_row only if it may read the table
 * which the row is of, so pg_dump finds a table in its place that everybody
 * may read and that has no rows, hooks.kept_dump, and asks
 * hooks.kept_readable() for the rows.  (A view would do that too, but pg_dump
 * refuses to read one.)  pg_restore writes to that table, and its trigger to
 * hooks.kept_row.
 *
 * A cascade is dumped as a whole or not at all: a part cannot be put back.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tupconvert.h"
#include "catalog/indexing.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/own.h"
#include "base/result.h"
#include "base/rights.h"
#include "registry/guard.h"

/*
 * Begins to read hooks.kept_row, as the current query sees it.
 */
static SysScanDesc
scan_kept_row(Relation kept_row)
{
	return systable_beginscan(kept_row, InvalidOid, false, GetActiveSnapshot(),
							  0, NULL);
}

static int64
kept_id_of(Relation kept_row, HeapTuple tuple)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(kept_row), "kept_id");
	bool		isnull;

	return DatumGetInt64(heap_getattr(tuple, attnum,
									  RelationGetDescr(kept_row),
									  &isnull));
}

/*
 * May the current user read the table that a row of hooks.kept_row is of?  Not
 * if the table is gone, as nothing tells then who was allowed to.
 */
static bool
may_read(Relation kept_row, HeapTuple tuple)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(kept_row), "relation");
	bool		isnull;
	Datum		value = heap_getattr(tuple, attnum, RelationGetDescr(kept_row),
									 &isnull);
	Oid			relid = DatumGetObjectId(value);

	return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)) &&
		hooks_rights_may_read(relid);
}

/*
 * The kept_ids of the cascades of which the current user may not read every
 * row; none if the user may read hooks.kept_row itself, as superusers may.
 */
static HTAB *
find_hidden(Relation kept_row)
{
	HASHCTL		info = {0};
	HTAB	   *hidden;
	SysScanDesc scan;
	HeapTuple	tuple;

	info.keysize = sizeof(int64);
	info.entrysize = sizeof(int64);
	info.hcxt = CurrentMemoryContext;
	hidden = hash_create("hooks hidden kept cascades", 64, &info,
						 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	if (hooks_rights_may_read(RelationGetRelid(kept_row)))
		return hidden;
	scan = scan_kept_row(kept_row);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		int64		kept_id = kept_id_of(kept_row, tuple);

		CHECK_FOR_INTERRUPTS();
		if (!may_read(kept_row, tuple))
			(void) hash_search(hidden, &kept_id, HASH_ENTER, NULL);
	}
	systable_endscan(scan);
	return hidden;
}

PG_FUNCTION_INFO_V1(hooks_kept_readable);

/*
 * hooks.kept_readable() returns setof hooks.kept_dump
 *
 * The rows of hooks.kept_row of those cascades of which the current user may
 * read every row.  Large values are not fetched before they are looked at.
 */
Datum
hooks_kept_readable(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *result = hooks_result_begin(fcinfo, &desc);
	Relation	kept_row = table_open(hooks_own_relation("kept_row",
														 RELKIND_RELATION),
									  AccessShareLock);
	TupleConversionMap *map =
		convert_tuples_by_name(RelationGetDescr(kept_row),
							   desc);
	HTAB	   *hidden = find_hidden(kept_row);
	SysScanDesc scan = scan_kept_row(kept_row);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		int64		kept_id = kept_id_of(kept_row, tuple);

		CHECK_FOR_INTERRUPTS();
		if (hash_search(hidden, &kept_id, HASH_FIND, NULL) != NULL)
			continue;
		if (map == NULL)
			tuplestore_puttuple(result, tuple);
		else
		{
			tuple = execute_attr_map_tuple(tuple, map);
			tuplestore_puttuple(result, tuple);
			heap_freetuple(tuple);
		}
	}
	systable_endscan(scan);
	if (map != NULL)
		free_conversion_map(map);
	hash_destroy(hidden);
	table_close(kept_row, NoLock);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(hooks_kept_load);

/*
 * hooks.kept_load() returns trigger
 *
 * Before a row comes into hooks.kept_dump, as from pg_restore: it goes to
 * hooks.kept_row instead.  39P01 if it is called as another trigger.
 */
Datum
hooks_kept_load(PG_FUNCTION_ARGS)
{
	TriggerData *data = hooks_guard_trigger_data(fcinfo, "kept_load");
	Relation	kept_row;
	TupleConversionMap *map;
	HeapTuple	tuple = data->tg_trigtuple;

	if (RelationGetRelid(data->tg_relation) !=
		hooks_own_relation("kept_dump", RELKIND_RELATION) ||
		!TRIGGER_FIRED_BEFORE(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function hooks.kept_load() is for inserts into hooks.kept_dump only")));
	kept_row = table_open(hooks_own_relation("kept_row", RELKIND_RELATION),
						  RowExclusiveLock);
	map = convert_tuples_by_name(RelationGetDescr(data->tg_relation),
								 RelationGetDescr(kept_row));
	tuple = map != NULL ? execute_attr_map_tuple(tuple, map) :
		heap_copytuple(tuple);
	CatalogTupleInsert(kept_row, tuple);
	heap_freetuple(tuple);
	if (map != NULL)
		free_conversion_map(map);
	table_close(kept_row, NoLock);
	return PointerGetDatum(NULL);
}
