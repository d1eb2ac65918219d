/*
 * kept_row.c
 *		The table hooks.kept_row, and the format of kept rows.
 *
 * A row of hooks.kept_row is a chunk: many rows of one table, as the text of
 * rowtext.c, with the names and types of the columns.  So a kept row costs
 * little more than its text, means the same after pg_dump and restore, and can
 * be read by people.
 *
 * The table is read and written as catalog code does it, without privilege
 * checks: the callers check privileges.
 *
 * This file knows the table.  keep.c decides what is kept, keeper.c reads rows
 * of the user's tables and gives their text to this file.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/own.h"
#include "recycle/bin.h"
#include "recycle/kept_row.h"
#include "registry/hook.h"

/* a chunk is written when it has so many bytes */
#define CHUNK_SIZE (64 * 1024)

/* columns of hooks.kept_row */
enum
{
	Anum_row_kept_id = 1,
	Anum_row_number,
	Anum_row_relation,
	Anum_row_name,
	Anum_row_columns,
	Anum_row_numbers,
	Anum_row_types,
	Anum_row_typmods,
	Anum_row_written_by,
	Anum_row_changed,
	Anum_row_rows,
	Anum_row_data,
	Natts_kept_row = Anum_row_data
};

static const HookOwnColumn kept_row_columns[Natts_kept_row] = {
	{INT8OID, false},			/* kept_id */
	{INT4OID, false},			/* number */
	{REGCLASSOID, false},		/* relation */
	{TEXTOID, false},			/* name */
	{TEXTARRAYOID, false},		/* columns */
	{INT2ARRAYOID, false},		/* numbers */
	{REGTYPEARRAYOID, false},	/* types */
	{INT4ARRAYOID, false},		/* typmods */
	{TEXTOID, false},			/* written_by */
	{INT4OID, false},			/* changed */
	{INT4OID, false},			/* rows */
	{TEXTOID, false},			/* data */
};

static const HookOwnTable kept_row_table = {
	"kept_row", Natts_kept_row, kept_row_columns
};

/*
 * The column of a field.
 */
const HookShapePart *
hooks_kept_row_column(const HookKeptFormat *format, int field)
{
	Assert(field >= 0 && field < format->nfields);
	return &format->shape.parts[format->columns[field]];
}

/*
 * Begins to write the rows of a kept cascade, whose number is set by the
 * caller.
 */
void
hooks_kept_row_begin(HookKeptWriter *writer)
{
	writer->rel = hooks_own_open(&kept_row_table, RowExclusiveLock);
	writer->append = hooks_append_begin(writer->rel);
	writer->number = 0;
	writer->format = NULL;
	writer->rows = 0;
	initStringInfo(&writer->data);
}

/*
 * The four arrays of a shape.
 */
static void
put_shape(const HookShape *shape, Datum *values)
{
	Datum	   *elements[4];

	for (int i = 0; i < lengthof(elements); i++)
		elements[i] = palloc(sizeof(Datum) * Max(shape->n, 1));
	for (int i = 0; i < shape->n; i++)
	{
		elements[0][i] = CStringGetTextDatum(shape->parts[i].name);
		elements[1][i] = Int16GetDatum(shape->parts[i].number);
		elements[2][i] = ObjectIdGetDatum(shape->parts[i].type);
		elements[3][i] = Int32GetDatum(shape->parts[i].typmod);
	}
	values[Anum_row_columns - 1] =
		PointerGetDatum(construct_array(elements[0], shape->n, TEXTOID, -1,
										false,
										TYPALIGN_INT));
	values[Anum_row_numbers - 1] =
		PointerGetDatum(construct_array(elements[1], shape->n, INT2OID, 2,
										true,
										TYPALIGN_SHORT));
	values[Anum_row_types - 1] =
		PointerGetDatum(construct_array(elements[2], shape->n, REGTYPEOID, 4,
										true,
										TYPALIGN_INT));
	values[Anum_row_typmods - 1] =
		PointerGetDatum(construct_array(elements[3], shape->n, INT4OID, 4,
										true,
										TYPALIGN_INT));
}

/*
 * The columns of hooks.kept_row before the data.
 */
static TupleDesc
model_desc(void)
{
	TupleDesc	desc = CreateTemplateTupleDesc(Natts_kept_row - 1);

	for (int i = 0; i < desc->natts; i++)
		TupleDescInitEntry(desc, i + 1, NULL, kept_row_columns[i].type, -1, 0);
	TupleDescFinalize(desc);
	return desc;
}

/*
 * Makes a complete format ready to be written, in the current memory context.
 *
 * Most values of a row of hooks.kept_row are the same for all rows of a
 * format.  So the row is formed once, and form_chunk() puts into a copy of it
 * what differs: the first two columns and, at the end, the last two.
 */
void
hooks_kept_row_prepare(HookKeptFormat *format)
{
	TupleDesc	desc = model_desc();
	Datum		values[Natts_kept_row] = {0};
	bool		nulls[Natts_kept_row] = {false};

	values[Anum_row_relation - 1] = ObjectIdGetDatum(format->relid);
	values[Anum_row_name - 1] = CStringGetTextDatum(format->name);
	put_shape(&format->shape, values);
	values[Anum_row_written_by - 1] =
		CStringGetTextDatum(hooks_bin_mark(format->relid, &format->shape));
	values[Anum_row_changed - 1] = Int32GetDatum(format->nchanged);
	format->model = heap_form_tuple(desc, values, nulls);
	FreeTupleDesc(desc);
}

/*
 * Puts a text at the end of a row, as heap_fill_tuple() does.
 */
static void
put_data(char *at, const StringInfo data, bool is_short)
{
	if (is_short)
	{
		SET_VARSIZE_SHORT(at, VARHDRSZ_SHORT + data->len);
		memcpy(VARDATA_SHORT(at), data->data, data->len);
	}
	else
	{
		SET_VARSIZE(at, VARHDRSZ + data->len);
		memcpy(VARDATA(at), data->data, data->len);
	}
}

/*
 * A palloc'd row of hooks.kept_row for the chunk.
 */
static HeapTuple
form_chunk(HookKeptWriter *writer)
{
	const HeapTupleData *model = writer->format->model;
	const StringInfo data = &writer->data;
	bool		is_short = data->len + VARHDRSZ_SHORT <= VARATT_SHORT_MAX;
	Size		at = is_short ? model->t_len : INTALIGN(model->t_len);
	Size		size = at + data->len + (is_short ? VARHDRSZ_SHORT : VARHDRSZ);
	HeapTuple	tuple = palloc(HEAPTUPLESIZE + size);
	char	   *start = (char *) tuple + HEAPTUPLESIZE;
	char	   *columns = start + model->t_data->t_hoff;
	int32		number = ++writer->number;
	int32		rows = writer->rows;

	*tuple = *model;
	tuple->t_len = size;
	tuple->t_data = (HeapTupleHeader) start;
	memcpy(start, model->t_data, model->t_len);
	memset(start + model->t_len, 0, at - model->t_len);
	HeapTupleHeaderSetNatts(tuple->t_data, Natts_kept_row);
	memcpy(columns, &writer->kept_id, sizeof(int64));
	memcpy(columns + sizeof(int64), &number, sizeof(int32));
	memcpy(start + model->t_len - sizeof(int32), &rows, sizeof(int32));
	put_data(start + at, data, is_short);
	return tuple;
}

static void
write_chunk(HookKeptWriter *writer)
{
	if (writer->rows == 0)
		return;
	hooks_append_tuple(writer->append, form_chunk(writer));
	resetStringInfo(&writer->data);
	writer->rows = 0;
}

/*
 * The rows that follow are of this format.
 */
void
hooks_kept_row_set_format(HookKeptWriter *writer, const HookKeptFormat *format)
{
	write_chunk(writer);
	writer->format = format;
}

/*
 * Ends a row, whose text was added to the writer's data.
 */
void
hooks_kept_row_finish(HookKeptWriter *writer)
{
	Assert(writer->format != NULL);
	appendStringInfoCharMacro(&writer->data, '\n');
	writer->rows++;
	if (writer->data.len >= CHUNK_SIZE)
		write_chunk(writer);
}

/*
 * Writes what is left.  Set no format before.
 */
void
hooks_kept_row_end(HookKeptWriter *writer)
{
	Assert(writer->format == NULL);
	write_chunk(writer);
	hooks_append_end(writer->append);
	table_close(writer->rel, NoLock);
}

static SysScanDesc
scan_chunks(Relation kept_row, Relation index, int64 kept_id,
			Snapshot snapshot)
{
	ScanKeyData key;

	ScanKeyInit(&key, Anum_row_kept_id, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(kept_id));
	return systable_beginscan_ordered(kept_row, index, snapshot, 1, &key);
}

static void
report_damaged_rows(const HookKeptFormat *format)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("kept rows of table %s are damaged", format->name)));
}

/*
 * The elements of an array of numbers, as many as there are parts.
 */
static void *
get_numbers(const HookKeptFormat *format, Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);

	if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) != format->shape.n ||
		ARR_HASNULL(array))
		report_damaged_rows(format);
	return ARR_DATA_PTR(array);
}

/*
 * Reads the format of the data of a row of hooks.kept_row.
 */
static void
get_format(HookKeptFormat *format, const Datum *values)
{
	HookShape  *shape = &format->shape;
	char	  **names;
	int16	   *numbers;
	Oid		   *types;
	int32	   *typmods;

	format->relid = DatumGetObjectId(values[Anum_row_relation - 1]);
	format->name = TextDatumGetCString(values[Anum_row_name - 1]);
	names =
		hooks_hook_strings(DatumGetArrayTypeP(values[Anum_row_columns - 1]),
						   &shape->n);
	numbers = get_numbers(format, values[Anum_row_numbers - 1]);
	types = get_numbers(format, values[Anum_row_types - 1]);
	typmods = get_numbers(format, values[Anum_row_typmods - 1]);
	shape->size = shape->n;
	shape->parts = palloc(sizeof(HookShapePart) * Max(shape->n, 1));
	format->columns = palloc(sizeof(int) * Max(shape->n, 1));
	format->nfields = 0;
	for (int i = 0; i < shape->n; i++)
	{
		shape->parts[i].name = names[i];
		shape->parts[i].number = numbers[i];
		shape->parts[i].type = types[i];
		shape->parts[i].typmod = typmods[i];
		if (numbers[i] > 0)
			format->columns[format->nfields++] = i;
	}
	format->original = strcmp(hooks_bin_mark(format->relid, shape),
							  TextDatumGetCString(values[Anum_row_written_by -
														 1])) == 0;
	format->nchanged = DatumGetInt32(values[Anum_row_changed - 1]);
	if (format->nchanged < 0 || 2 * format->nchanged > format->nfields ||
		(shape->n > 0 && numbers[0] <= 0))
		report_damaged_rows(format);
}

/*
 * Calls the reader for each chunk of a kept cascade, in the order in which
 * they were written.  The reader's memory is freed after each chunk.
 */
void
hooks_kept_row_read(int64 kept_id, HookKeptReader reader, void *arg)
{
	Relation	kept_row = hooks_own_open(&kept_row_table, AccessShareLock);
	Relation	index = hooks_own_open_index(kept_row, "kept_row_pkey",
											 Anum_row_kept_id);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	SysScanDesc scan = scan_chunks(kept_row, index, kept_id, snapshot);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "hooks kept rows",
												  ALLOCSET_DEFAULT_SIZES);
	HeapTuple	tuple;

	while ((tuple = systable_getnext_ordered(scan,
											 ForwardScanDirection)) != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		HookKeptFormat format;
		Datum		values[Natts_kept_row];
		bool		nulls[Natts_kept_row];

		CHECK_FOR_INTERRUPTS();
		heap_deform_tuple(tuple, RelationGetDescr(kept_row), values, nulls);
		get_format(&format, values);
		reader(&format, DatumGetInt32(values[Anum_row_rows - 1]),
			   TextDatumGetCString(values[Anum_row_data - 1]), arg);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	systable_endscan_ordered(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	table_close(kept_row, NoLock);
}

/*
 * Deletes the kept rows of a cascade.
 */
void
hooks_kept_row_forget(int64 kept_id)
{
	Relation	kept_row = hooks_own_open(&kept_row_table, RowExclusiveLock);
	Relation	index = hooks_own_open_index(kept_row, "kept_row_pkey",
											 Anum_row_kept_id);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	SysScanDesc scan = scan_chunks(kept_row, index, kept_id, snapshot);
	HeapTuple	tuple;

	while ((tuple = systable_getnext_ordered(scan,
											 ForwardScanDirection)) != NULL)
		CatalogTupleDelete(kept_row, &tuple->t_self);
	systable_endscan_ordered(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	table_close(kept_row, NoLock);
	CommandCounterIncrement();
}
