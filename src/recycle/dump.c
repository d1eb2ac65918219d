/*
 * dump.c
 *		The recycle bin in a dump.
 *
 * A role may see a row of hooks.kept_row only if it may read the table which
 * the row is of; hooks.kept_dump stands in for the table (base/standin.c).
 *
 * A cascade is dumped as a whole or not at all: a part cannot be put back.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/own.h"
#include "base/rights.h"
#include "base/standin.h"
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
 * May the current user read the table of a row of hooks.kept_row?  Not if the
 * table is gone, as its privileges are not known any more.
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

static HeapTuple
pass_not_hidden(Relation kept_row, HeapTuple tuple, void *hidden)
{
	int64		kept_id = kept_id_of(kept_row, tuple);

	if (hash_search(hidden, &kept_id, HASH_FIND, NULL) != NULL)
		return NULL;
	return tuple;
}

PG_FUNCTION_INFO_V1(hooks_kept_readable);

/*
 * hooks.kept_readable() returns setof hooks.kept_dump
 *
 * The rows of hooks.kept_row of those cascades of which the current user may
 * read every row.
 */
Datum
hooks_kept_readable(PG_FUNCTION_ARGS)
{
	Relation	kept_row =
		hooks_own_open_named("kept_row", RELKIND_RELATION, AccessShareLock);

	hooks_standin_read(fcinfo, kept_row, pass_not_hidden,
					   find_hidden(kept_row));
	table_close(kept_row, NoLock);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(hooks_kept_load);

/*
 * hooks.kept_load() returns trigger
 *
 * Trigger before INSERT on hooks.kept_dump, which pg_restore fills: the row
 * goes to hooks.kept_row instead.  39P01 if it is called as another trigger.
 */
Datum
hooks_kept_load(PG_FUNCTION_ARGS)
{
	TriggerData *data = hooks_guard_trigger_data(fcinfo, "kept_load");

	if (!hooks_standin_load(data, "kept_dump", "kept_row"))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function hooks.kept_load() is for inserts into hooks.kept_dump only")));
	return PointerGetDatum(NULL);
}
