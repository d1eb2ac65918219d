/*
 * audit_dump.c
 *		The audit log in a dump: what the role that runs pg_dump may read.
 *
 * hooks.audited_dump and hooks.audited_row_dump stand in for the two tables
 * (base/standin.c).
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/hsearch.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/own.h"
#include "base/rights.h"
#include "base/standin.h"
#include "ready/audited.h"
#include "registry/guard.h"

static Datum
value_of(Relation rel, HeapTuple tuple, AttrNumber attnum)
{
	bool		isnull;

	return heap_getattr(tuple, attnum, RelationGetDescr(rel), &isnull);
}

/*
 * May the current user read this row of hooks.audited?  As in the view, every
 * role that has the rights of the hook's owner may.
 */
static bool
may_read_audited(Relation audited, HeapTuple tuple)
{
	Datum		owner = value_of(audited, tuple, Anum_audited_owner);

	return has_privs_of_role(GetUserId(), DatumGetObjectId(owner));
}

/*
 * The owner may be gone.  Then a dump would have a number for it, which can be
 * that of another role where it is restored: it has nobody.
 */
static HeapTuple
pass_audited(Relation audited, HeapTuple tuple, void *arg)
{
	Datum		owner = value_of(audited, tuple, Anum_audited_owner);
	Datum		values[Natts_audited] = {0};
	bool		nulls[Natts_audited] = {false};
	bool		replaced[Natts_audited] = {false};

	if (!may_read_audited(audited, tuple))
		return NULL;
	if (SearchSysCacheExists1(AUTHOID, owner))
		return tuple;
	values[Anum_audited_owner - 1] = ObjectIdGetDatum(InvalidOid);
	replaced[Anum_audited_owner - 1] = true;
	return heap_modify_tuple(tuple, RelationGetDescr(audited), values, nulls,
							 replaced);
}

/*
 * The numbers of those that the current user may read; NULL for all.
 */
static HTAB *
find_readable(Relation audited)
{
	HASHCTL		info = {0};
	HTAB	   *readable;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (superuser())
		return NULL;
	info.keysize = sizeof(int64);
	info.entrysize = sizeof(int64);
	info.hcxt = CurrentMemoryContext;
	readable = hash_create("hooks readable audited firings", 64, &info,
						   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	scan = systable_beginscan(audited, InvalidOid, false, GetActiveSnapshot(),
							  0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		int64		id =
			DatumGetInt64(value_of(audited, tuple, Anum_audited_id));

		CHECK_FOR_INTERRUPTS();
		if (may_read_audited(audited, tuple))
			(void) hash_search(readable, &id, HASH_ENTER, NULL);
	}
	systable_endscan(scan);
	return readable;
}

static HeapTuple
pass_audited_row(Relation rel, HeapTuple tuple, void *arg)
{
	int64		id = DatumGetInt64(value_of(rel, tuple, Anum_audited_row_id));

	return arg == NULL || hash_search(arg, &id, HASH_FIND, NULL) != NULL ?
		tuple : NULL;
}

PG_FUNCTION_INFO_V1(hooks_audited_readable);

/*
 * hooks.audited_readable() returns setof hooks.audited_dump
 *
 * The rows of hooks.audited that the current user may read.
 */
Datum
hooks_audited_readable(PG_FUNCTION_ARGS)
{
	Relation	audited = hooks_own_open(&hooks_audited_table,
										 AccessShareLock);

	hooks_standin_read(fcinfo, audited, pass_audited, NULL);
	table_close(audited, NoLock);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(hooks_audited_row_readable);

/*
 * hooks.audited_row_readable() returns setof hooks.audited_row_dump
 *
 * The rows of hooks.audited_row that the current user may read.
 */
Datum
hooks_audited_row_readable(PG_FUNCTION_ARGS)
{
	Relation	audited = hooks_own_open(&hooks_audited_table,
										 AccessShareLock);
	Relation	rel = hooks_own_open(&hooks_audited_row_table,
									 AccessShareLock);

	hooks_standin_read(fcinfo, rel, pass_audited_row,
					   find_readable(audited));
	table_close(rel, NoLock);
	table_close(audited, NoLock);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(hooks_audited_load);

/*
 * hooks.audited_load() returns trigger
 *
 * Before a row comes into a stand-in, as from pg_restore.  39P01 if it is
 * called as another trigger.
 */
Datum
hooks_audited_load(PG_FUNCTION_ARGS)
{
	TriggerData *data = hooks_guard_trigger_data(fcinfo, "audited_load");

	if (!hooks_standin_load(data, "audited_dump", "audited") &&
		!hooks_standin_load(data, "audited_row_dump", "audited_row"))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function hooks.audited_load() is for inserts into hooks.audited_dump and hooks.audited_row_dump only")));
	return PointerGetDatum(NULL);
}
