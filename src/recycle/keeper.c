/*
 * keeper.c
 *		Reads rows of a table, and gives them to kept_row.c as text.
 *
 * Rows are fetched by TID in whatever state they are: a walk has locked those
 * that are not deleted yet, so that nobody else changes or prunes them.  A
 * partition's rows are kept as rows of the topmost partitioned table, column
 * by column of the same name.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_index.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "recycle/keeper.h"
#include "recycle/rowtext.h"

/*
 * Begins a format without fields, with room for so many.  In the current
 * memory context.
 */
void
hooks_keeper_begin(HookKeeper *keeper, Relation rel, int nfields)
{
	HookKeptFormat *format = &keeper->format;
	char	   *schema = get_namespace_name(RelationGetNamespace(rel));

	format->relid = RelationGetRelid(rel);
	format->name =
		quote_qualified_identifier(schema, RelationGetRelationName(rel));
	format->nfields = 0;
	format->nchanged = 0;
	format->original = true;
	format->model = NULL;
	format->columns = palloc(sizeof(int) * Max(nfields, 1));
	memset(&format->shape, 0, sizeof(HookShape));
	keeper->has_names = false;
	keeper->output = palloc(sizeof(FmgrInfo) * Max(nfields, 1));
	keeper->context = AllocSetContextCreate(CurrentMemoryContext,
											"hooks kept row",
											ALLOCSET_DEFAULT_SIZES);
}

/*
 * The next field is this column.
 */
void
hooks_keeper_add_column(HookKeeper *keeper, Relation rel, const char *name)
{
	HookKeptFormat *format = &keeper->format;
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);

	Assert(attnum > 0);
	format->columns[format->nfields] = format->shape.n;
	hooks_shape_add(&format->shape, name, attnum, att->atttypid,
					att->atttypmod);
	fmgr_info(hooks_rowtext_output(att->atttypid),
			  &keeper->output[format->nfields]);
	keeper->has_names |= hooks_rowtext_has_names(att->atttypid);
	format->nfields++;
}

void
hooks_keeper_end(HookKeeper *keeper)
{
	MemoryContextDelete(keeper->context);
}

/*
 * Begins to read rows that the keeper's table itself holds, which the caller
 * has opened, or a partition.  The caller has called
 * hooks_rowtext_begin_settings().
 */
void
hooks_keeper_open(const HookKeeper *keeper, HookKeeperRows *rows,
				  Relation table, Oid relid)
{
	Assert(RelationGetRelid(table) == keeper->format.relid);
	if (keeper->has_names)
		hooks_rowtext_set_path();
	rows->table = table;
	rows->rel = relid == keeper->format.relid ? table :
		table_open(relid, AccessShareLock);
	hooks_rows_begin(&rows->fetcher, rows->rel, HOOK_VERSIONS_ANY);
	rows->attnums =
		palloc(sizeof(AttrNumber) * Max(keeper->format.nfields, 1));
	for (int i = 0; i < keeper->format.nfields; i++)
	{
		const HookShapePart *column =
			hooks_kept_row_column(&keeper->format, i);

		rows->attnums[i] = relid == keeper->format.relid ? column->number :
			get_attnum(relid, column->name);
	}
}

/*
 * Reads a row into the slot.
 */
void
hooks_keeper_read(HookKeeperRows *rows, ItemPointer tid)
{
	CHECK_FOR_INTERRUPTS();
	if (!hooks_rows_get(&rows->fetcher, tid))
		elog(ERROR, "row (%u,%u) of table \"%s\" not found",
			 ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid),
			 RelationGetRelationName(rows->rel));
	slot_getallattrs(rows->fetcher.slot);
}

void
hooks_keeper_close(HookKeeperRows *rows)
{
	pfree(rows->attnums);
	hooks_rows_end(&rows->fetcher);
	if (rows->rel != rows->table)
		table_close(rows->rel, NoLock);
}

/*
 * Writes a value.
 */
void
hooks_keeper_put(HookKeeper *keeper, HookKeptWriter *writer, int field,
				 Datum value, bool isnull)
{
	MemoryContext old = MemoryContextSwitchTo(keeper->context);

	Assert(field < keeper->format.nfields);
	hooks_rowtext_put(&writer->data, field, isnull ? NULL :
					  OutputFunctionCall(&keeper->output[field], value));
	MemoryContextSwitchTo(old);
}

/*
 * Writes the first fields of the row that was read.
 */
void
hooks_keeper_put_row(HookKeeper *keeper, HookKeptWriter *writer,
					 const HookKeeperRows *rows, int nfields)
{
	const TupleTableSlot *slot = rows->fetcher.slot;

	Assert(nfields <= keeper->format.nfields);
	for (int i = 0; i < nfields; i++)
		hooks_keeper_put(keeper, writer, i,
						 slot->tts_values[rows->attnums[i] - 1],
						 slot->tts_isnull[rows->attnums[i] - 1]);
}

void
hooks_keeper_end_row(HookKeeper *keeper, HookKeptWriter *writer)
{
	hooks_kept_row_finish(writer);
	MemoryContextReset(keeper->context);
}

/*
 * Are different values of an index column different for the type's own
 * operator, under the collation of the table's column?
 */
static bool
tells_apart(Oid opclass, Oid index_collation, Form_pg_attribute att)
{
	const TypeCacheEntry *type =
		lookup_type_cache(att->atttypid, TYPECACHE_BTREE_OPFAMILY);

	return get_opclass_family(opclass) == type->btree_opf &&
		(index_collation == att->attcollation ||
		 get_collation_isdeterministic(att->attcollation));
}

/*
 * Does an index identify each row of its table?
 */
static bool
is_key(Oid index, TupleDesc desc, bool *primary)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	Form_pg_index form;
	const oidvector *opclasses;
	const oidvector *collations;
	bool		isnull;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", index);
	form = (Form_pg_index) GETSTRUCT(tuple);
	opclasses = (oidvector *)
		DatumGetPointer(SysCacheGetAttr(INDEXRELID, tuple,
										Anum_pg_index_indclass, &isnull));
	collations = (oidvector *)
		DatumGetPointer(SysCacheGetAttr(INDEXRELID, tuple,
										Anum_pg_index_indcollation, &isnull));
	*primary = form->indisprimary;
	result = form->indisunique && form->indimmediate && form->indisvalid &&
		heap_attisnull(tuple, Anum_pg_index_indpred, NULL);
	for (int i = 0; i < form->indnkeyatts; i++)
	{
		AttrNumber	attnum = form->indkey.values[i];

		result = result && attnum > 0 &&
			TupleDescAttr(desc, attnum - 1)->attnotnull &&
			TupleDescAttr(desc, attnum - 1)->attgenerated == '\0' &&
			tells_apart(opclasses->values[i], collations->values[i],
						TupleDescAttr(desc, attnum - 1));
	}
	ReleaseSysCache(tuple);
	return result;
}

/*
 * The names of the columns that identify each row of a table: those of the
 * primary key or, if there is none, of another unique index.  This must have
 * no nullable columns, and no generated ones, as these can change with others;
 * and the type's own operator must tell its values apart.  NIL if there is no
 * such index.
 */
List *
hooks_keeper_key(Relation rel)
{
	List	   *names = NIL;
	Oid			found = InvalidOid;
	HeapTuple	tuple;
	Form_pg_index form;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		bool		primary;

		if (is_key(lfirst_oid(lc), RelationGetDescr(rel), &primary) &&
			(primary || !OidIsValid(found)))
			found = lfirst_oid(lc);
	}
	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(found));
	if (!HeapTupleIsValid(tuple))
		return NIL;
	form = (Form_pg_index) GETSTRUCT(tuple);
	for (int i = 0; i < form->indnkeyatts; i++)
		names = lappend(names, get_attname(RelationGetRelid(rel),
										   form->indkey.values[i], false));
	ReleaseSysCache(tuple);
	return names;
}
