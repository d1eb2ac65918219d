/*
 * restore.c
 *		hooks.restore(): puts kept rows back.
 *
 * All that was kept goes back in one statement
 *		WITH r1 AS (INSERT ...), r2 AS (INSERT ...), r3 AS (UPDATE ...) SELECT ...
 * of the caller's, from tuplestores.  So PostgreSQL itself sees to who may, to
 * row-level security, partitions, triggers and constraints; and it looks at
 * foreign keys when the statement ends, so that cycles are whole again by then.
 *
 * Text becomes values as the caller, who cannot be made to run anything that
 * he would not run by an INSERT.
 */
#include "postgres.h"

#include "access/relation.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "putback.h"
#include "rowtext.h"

typedef struct Restore
{
	const char *column;			/* whose value is being read, NULL: none */
	const char *table;
	int64		kept_id;
	MemoryContext context;
	List	   *tables;			/* of HookRestored */
	int64		rows;			/* that were removed */
} Restore;

/*
 * Opens the table of kept rows, to write to it: 42P01 if it is gone, 42809 if
 * it is no table any more.
 */
static Relation
open_table(const Restore *restore, const HookKeptFormat *format)
{
	Relation	rel = try_relation_open(format->relid, RowExclusiveLock);

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table %s of kept cascade %lld does not exist any more",
						format->name, (long long) restore->kept_id)));
	if (rel->rd_rel->relkind != RELKIND_RELATION &&
		rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", RelationGetRelationName(rel))));
	return rel;
}

/*
 * 42501 unless the caller has the rights that the statement takes, which sees to
 * that itself, but later: nobody else shall get errors that quote kept values.
 */
static void
check_rights(Relation rel, const HookRestored *table)
{
	Oid			relid = RelationGetRelid(rel);
	int			n = table->format.nchanged;
	int			old = table->format.nfields - 2 * n;

	for (int i = 0; i < table->format.nfields; i++)
	{
		AclMode		right = n == 0 ? ACL_INSERT :
			i >= old && i < old + n ? ACL_UPDATE : ACL_SELECT;

		if (pg_class_aclcheck(relid, GetUserId(), right) != ACLCHECK_OK &&
			pg_attribute_aclcheck(relid, table->fields.attnums[i], GetUserId(),
								  right) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE,
						   RelationGetRelationName(rel));
	}
}

static HookKeptFormat
copy_format(const HookKeptFormat *format)
{
	HookKeptFormat copy = *format;

	copy.name = pstrdup(format->name);
	copy.columns = palloc(sizeof(int) * Max(copy.nfields, 1));
	memcpy(copy.columns, format->columns, sizeof(int) * copy.nfields);
	copy.shape.parts = palloc(sizeof(HookShapePart) * Max(copy.shape.n, 1));
	for (int i = 0; i < copy.shape.n; i++)
	{
		copy.shape.parts[i] = format->shape.parts[i];
		copy.shape.parts[i].name = pstrdup(format->shape.parts[i].name);
	}
	return copy;
}

static bool
same_format(const HookKeptFormat *a, const HookKeptFormat *b)
{
	return a->relid == b->relid && a->nchanged == b->nchanged &&
		a->original == b->original && hooks_shape_equal(&a->shape, &b->shape);
}

/*
 * Makes the place for rows of a format.
 */
static HookRestored *
add_table(Restore *restore, const HookKeptFormat *format)
{
	HookRestored *table = palloc0(sizeof(HookRestored));
	Relation	rel = open_table(restore, format);

	table->format = copy_format(format);
	hooks_fields_match(&table->fields, rel, &table->format);
	check_rights(rel, table);
	table->desc = CreateTemplateTupleDesc(format->nfields);
	for (int i = 0; i < format->nfields; i++)
	{
		AttrNumber	attnum = table->fields.attnums[i];

		TupleDescInitEntry(table->desc, i + 1, psprintf("k%d", i + 1),
						   table->fields.types[i], table->fields.typmods[i], 0);
		TupleDescInitEntryCollation(table->desc, i + 1,
									TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attcollation);
	}
	table->store = tuplestore_begin_heap(false, false, work_mem);
	table->enr.md.name = psprintf("kept %d", list_length(restore->tables) + 1);
	table->enr.md.reliddesc = InvalidOid;
	table->enr.md.tupdesc = table->desc;
	table->enr.md.enrtype = ENR_NAMED_TUPLESTORE;
	table->enr.reldata = table->store;
	restore->tables = lappend(restore->tables, table);
	relation_close(rel, NoLock);
	return table;
}

static void
add_context(void *arg)
{
	const Restore *restore = arg;

	if (restore->column != NULL)
		errcontext("kept value of column \"%s\" of table %s",
				   restore->column, restore->table);
}

/*
 * Reads a chunk into the tuplestore of its format.
 */
static void
restore_chunk(const HookKeptFormat *format, int rows, char *data, void *arg)
{
	Restore    *restore = arg;
	HookRestored *table = restore->tables == NIL ? NULL : llast(restore->tables);
	Datum	   *values = palloc(sizeof(Datum) * Max(format->nfields, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(format->nfields, 1));

	if (table == NULL || !same_format(&table->format, format))
	{
		MemoryContext old = MemoryContextSwitchTo(restore->context);

		table = add_table(restore, format);
		MemoryContextSwitchTo(old);
	}
	for (int row = 0; row < rows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		data = hooks_rowtext_next(data, table->fields.values, format->nfields);
		for (int i = 0; i < format->nfields; i++)
		{
			restore->column = hooks_kept_column(format, i)->name;
			restore->table = format->name;
			nulls[i] = table->fields.values[i] == NULL;
			values[i] = nulls[i] ? (Datum) 0 : hooks_fields_input(&table->fields, i);
		}
		restore->column = NULL;
		tuplestore_putvalues(table->store, table->desc, values, nulls);
	}
	table->rows += rows;
	table->enr.md.enrtuples = table->rows;
	if (format->nchanged == 0)
		restore->rows += rows;
}

/*
 * Rows without a key are found by their text, in which floats shall differ if
 * they do.
 */
static void
run_statement(const Restore *restore)
{
	int			settings = NewGUCNestLevel();
	ListCell   *lc;

	(void) set_config_option("extra_float_digits", "3", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	foreach(lc, restore->tables)
		if (SPI_register_relation(&((HookRestored *) lfirst(lc))->enr) != SPI_OK_REL_REGISTER)
			elog(ERROR, "SPI_register_relation failed");
	if (SPI_execute(hooks_putback_statement(restore->tables), false, 0) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not put back kept rows");
	AtEOXact_GUC(true, settings);
}

static void
report_left(Oid relid, int64 rows)
{
	if (rows > 0)
		ereport(NOTICE,
				(errmsg_plural("%lld row of table \"%s\" was left as it is",
							   "%lld rows of table \"%s\" were left as they are",
							   (unsigned long) rows, (long long) rows,
							   get_rel_name(relid)),
				 errdetail("What the delete changed in it was changed again since, or it is gone.")));
}

/*
 * Did every row come back?  A removed one has to, 09000 otherwise.  A changed
 * one is left alone if it is not as the delete left it.
 */
static void
check_counts(const Restore *restore)
{
	Oid			last = InvalidOid;
	int64		left = 0;
	int			n = 0;
	ListCell   *lc;

	foreach(lc, restore->tables)
	{
		const HookRestored *table = lfirst(lc);
		Oid			relid = table->format.relid;
		bool		isnull;
		int64		missing = table->rows -
			DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
										SPI_tuptable->tupdesc, ++n, &isnull));

		if (table->format.nchanged == 0 && missing > 0)
			ereport(ERROR,
					(errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
					 errmsg_plural("%lld row of table \"%s\" was not put back",
								   "%lld rows of table \"%s\" were not put back",
								   (unsigned long) missing, (long long) missing,
								   get_rel_name(relid)),
					 errdetail("A BEFORE INSERT trigger or a hook has skipped it.")));
		if (table->format.nchanged == 0)
			continue;
		if (last != relid)
		{
			report_left(last, left);
			left = 0;
		}
		last = relid;
		left += missing;
	}
	report_left(last, left);
}

PG_FUNCTION_INFO_V1(hooks_restore);

/*
 * hooks.restore(kept_id bigint) returns bigint
 *
 * Puts back what was kept of a cascade, all of it or nothing, and forgets its
 * rows.  Returns the number of rows that were removed and are there again.
 * Errors: 22004, those of hooks_kept_get(), of the columns and of PostgreSQL.
 */
Datum
hooks_restore(PG_FUNCTION_ARGS)
{
	Restore		restore = {0};
	ErrorContextCallback context;
	int64		expected;
	int			settings;
	ListCell   *lc;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"kept_id\" must not be null")));
	restore.kept_id = PG_GETARG_INT64(0);
	PreventCommandIfReadOnly("hooks.restore()");
	expected = hooks_kept_get(restore.kept_id, ShareUpdateExclusiveLock);
	restore.context = CurrentMemoryContext;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");

	settings = hooks_rowtext_begin_settings();
	context.callback = add_context;
	context.arg = &restore;
	context.previous = error_context_stack;
	error_context_stack = &context;
	hooks_kept_read(restore.kept_id, restore_chunk, &restore);
	error_context_stack = context.previous;
	hooks_rowtext_end_settings(settings);
	if (restore.rows != expected)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("kept cascade %lld is not complete", (long long) restore.kept_id),
				 errdetail("Of %lld rows, %lld are kept.",
						   (long long) expected, (long long) restore.rows)));
	/* first, so that no trigger of the statement's restores it again */
	hooks_kept_set_restored(restore.kept_id);
	run_statement(&restore);
	check_counts(&restore);

	foreach(lc, restore.tables)
		tuplestore_end(((HookRestored *) lfirst(lc))->store);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	PG_RETURN_INT64(restore.rows);
}
