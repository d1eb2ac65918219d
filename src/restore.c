/*
 * restore.c
 *		Puts kept rows back: hooks.restore(), and shows them: hooks.kept_rows().
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
#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "compat.h"
#include "keeper.h"
#include "result.h"
#include "rights.h"

/* How the fields of kept rows become columns of their table */
typedef struct Columns
{
	int			n;
	AttrNumber *attnums;		/* by field */
	FmgrInfo   *input;
	Oid		   *ioparams;
	Oid		   *types;			/* of domains, the type beneath */
	int32	   *typmods;
	char	  **fields;			/* the row in hand */
} Columns;

/* Rows of one format */
typedef struct RestoreTable
{
	HookKeptFormat format;
	Columns		columns;
	TupleDesc	desc;
	EphemeralNamedRelationData enr;
	Tuplestorestate *store;
	int64		rows;
} RestoreTable;

typedef struct Restore
{
	const char *column;			/* whose value is being read, NULL: none */
	const char *table;
	int64		kept_id;
	MemoryContext context;
	List	   *tables;			/* of RestoreTable */
	int64		rows;			/* that were removed */
} Restore;

/*
 * Finds the column of a field: 42703 if it is gone, 42804 if it is of another
 * type than when the row was kept, 428C9 if PostgreSQL computes it now.
 */
static AttrNumber
find_column(Relation rel, const char *name, const char *type)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);
	Form_pg_attribute att;
	const char *now;

	if (attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist any more",
						name, RelationGetRelationName(rel)),
				 errdetail("The kept rows have values of type %s for it.", type)));
	att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	now = hooks_kept_type_name(att->atttypid, att->atttypmod);
	if (strcmp(now, type) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of table \"%s\" is of another type than when its rows were kept",
						name, RelationGetRelationName(rel)),
				 errdetail("It was %s and is %s.", type, now)));
	if (att->attgenerated != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_GENERATED_ALWAYS),
				 errmsg("column \"%s\" of table \"%s\" is a generated column, and was none when its rows were kept",
						name, RelationGetRelationName(rel))));
	return attnum;
}

static void
match_columns(Columns *columns, Relation rel, const HookKeptFormat *format)
{
	int			n = Max(format->nfields, 1);

	columns->n = format->nfields;
	columns->attnums = palloc(sizeof(AttrNumber) * n);
	columns->input = palloc(sizeof(FmgrInfo) * n);
	columns->ioparams = palloc(sizeof(Oid) * n);
	columns->types = palloc(sizeof(Oid) * n);
	columns->typmods = palloc(sizeof(int32) * n);
	columns->fields = palloc(sizeof(char *) * n);
	for (int i = 0; i < format->nfields; i++)
	{
		AttrNumber	attnum = find_column(rel, format->columns[i], format->types[i]);
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
		Oid			input;

		columns->attnums[i] = attnum;
		columns->typmods[i] = att->atttypmod;
		/* the constraints of a domain are for the INSERT to look at */
		columns->types[i] = getBaseTypeAndTypmod(att->atttypid, &columns->typmods[i]);
		getTypeInputInfo(columns->types[i], &input, &columns->ioparams[i]);
		fmgr_info_cxt(input, &columns->input[i], CurrentMemoryContext);
	}
}

static Datum
input_field(Columns *columns, int i)
{
	return InputFunctionCall(&columns->input[i], columns->fields[i],
							 columns->ioparams[i], columns->typmods[i]);
}

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
 * 42501 unless the caller has a right on some column of a table at least.
 * Which ones it takes is seen by the statement; but nobody else shall get
 * errors that quote kept values.
 */
static void
check_right(Relation rel, AclMode right)
{
	Oid			relid = RelationGetRelid(rel);

	if (pg_class_aclcheck(relid, GetUserId(), right) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(relid, GetUserId(), right, ACLMASK_ANY) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(rel));
}

static HookKeptFormat
copy_format(const HookKeptFormat *format)
{
	HookKeptFormat copy = *format;

	copy.name = pstrdup(format->name);
	copy.columns = palloc(sizeof(char *) * Max(copy.nfields, 1));
	copy.types = palloc(sizeof(char *) * Max(copy.nfields, 1));
	for (int i = 0; i < copy.nfields; i++)
	{
		copy.columns[i] = pstrdup(format->columns[i]);
		copy.types[i] = pstrdup(format->types[i]);
	}
	return copy;
}

static bool
same_format(const HookKeptFormat *a, const HookKeptFormat *b)
{
	if (a->relid != b->relid || a->nfields != b->nfields ||
		a->nchanged != b->nchanged)
		return false;
	for (int i = 0; i < a->nfields; i++)
		if (strcmp(a->columns[i], b->columns[i]) != 0 ||
			strcmp(a->types[i], b->types[i]) != 0)
			return false;
	return true;
}

/*
 * Makes the place for rows of a format.
 */
static RestoreTable *
add_table(Restore *restore, const HookKeptFormat *format)
{
	RestoreTable *table = palloc0(sizeof(RestoreTable));
	Relation	rel = open_table(restore, format);

	check_right(rel, format->nchanged > 0 ? ACL_UPDATE : ACL_INSERT);
	table->format = copy_format(format);
	match_columns(&table->columns, rel, &table->format);
	table->desc = CreateTemplateTupleDesc(format->nfields);
	for (int i = 0; i < format->nfields; i++)
	{
		AttrNumber	attnum = table->columns.attnums[i];

		TupleDescInitEntry(table->desc, i + 1, psprintf("k%d", i + 1),
						   table->columns.types[i], table->columns.typmods[i], 0);
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
	RestoreTable *table = restore->tables == NIL ? NULL : llast(restore->tables);
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
		data = hooks_kept_next_row(data, table->columns.fields, format->nfields);
		for (int i = 0; i < format->nfields; i++)
		{
			restore->column = format->columns[i];
			restore->table = format->name;
			nulls[i] = table->columns.fields[i] == NULL;
			values[i] = nulls[i] ? (Datum) 0 : input_field(&table->columns, i);
		}
		restore->column = NULL;
		tuplestore_putvalues(table->store, table->desc, values, nulls);
	}
	table->rows += rows;
	table->enr.md.enrtuples = table->rows;
	if (format->nchanged == 0)
		restore->rows += rows;
}

static const char *
column(const RestoreTable *table, int field)
{
	return quote_identifier(table->format.columns[field]);
}

/*
 * INSERT INTO TABLE (COLUMN, ...) OVERRIDING SYSTEM VALUE SELECT k1, ... FROM STORE
 */
static void
append_insert(StringInfo query, const RestoreTable *table, const char *relation)
{
	appendStringInfo(query, "INSERT INTO %s", relation);
	for (int i = 0; i < table->format.nfields; i++)
		appendStringInfo(query, "%s%s", i == 0 ? " (" : ", ", column(table, i));
	appendStringInfoString(query, table->format.nfields == 0 ? " SELECT" :
						   ") OVERRIDING SYSTEM VALUE SELECT");
	for (int i = 0; i < table->format.nfields; i++)
		appendStringInfo(query, "%sk%d", i == 0 ? " " : ", ", i + 1);
	appendStringInfo(query, " FROM %s", quote_identifier(table->enr.md.name));
}

/*
 * t.COLUMN = e.kN, by the type's own operator.
 */
static void
append_equal(StringInfo query, const RestoreTable *table, int field)
{
	Oid			type = table->columns.types[field];
	TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_EQ_OPR);

	if (!OidIsValid(cache->eq_opr))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify an equality operator for type %s",
						format_type_be(type))));
	generate_operator_clause(query, psprintf("t.%s", column(table, field)), type,
							 cache->eq_opr, psprintf("e.k%d", field + 1), type);
}

/*
 * Do the fields find at most one row of their table?
 */
static bool
has_key(const RestoreTable *table)
{
	Relation	rel = table_open(table->format.relid, NoLock);
	List	   *key = hooks_keeper_key(rel);
	bool		found = key != NIL;
	ListCell   *lc;

	table_close(rel, NoLock);
	foreach(lc, key)
	{
		bool		is_field = false;

		for (int i = 0; i < table->format.nfields; i++)
			is_field |= strcmp(table->format.columns[i], lfirst(lc)) == 0;
		found &= is_field;
	}
	return found;
}

/*
 * The text of a row, as SQL: of the columns that were not changed, then of those that
 * were as the delete left them; of the kept rows or of the table's.
 */
static char *
row_text(const RestoreTable *table, bool kept)
{
	int			n = table->format.nchanged;
	int			old = table->format.nfields - 2 * n;
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "ROW(");
	for (int i = 0; i < table->format.nfields; i++)
		if (i < old || i >= old + n)
			appendStringInfo(&text, "%s%s", i == 0 || (i == n && old == 0) ? "" : ", ",
							 kept ? psprintf("k%d", i + 1) : column(table, i));
	appendStringInfoString(&text, ")::pg_catalog.text");
	return text.data;
}

/*
 * UPDATE TABLE t SET COLUMN = e.kN, ... FROM STORE e WHERE the row is the same
 *
 * Where there is no key, rows of the same values are numbered, so that each kept
 * one finds another; nobody can tell which is which:
 *		FROM (SELECT * FROM (SELECT ctid, tableoid, ROW, NUMBER FROM TABLE) f
 *				JOIN (SELECT *, ROW, NUMBER FROM STORE) s USING (row, number)) e
 */
static void
append_update(StringInfo query, const RestoreTable *table, const char *relation)
{
	const char *only = get_rel_relkind(table->format.relid) == RELKIND_PARTITIONED_TABLE ?
		"" : "ONLY ";
	const char *store = quote_identifier(table->enr.md.name);
	int			n = table->format.nchanged;
	int			old = table->format.nfields - 2 * n;

	appendStringInfo(query, "UPDATE %s%s t SET", only, relation);
	for (int i = 0; i < n; i++)
		appendStringInfo(query, "%s %s = e.k%d", i == 0 ? "" : ",",
						 column(table, old + i), old + i + 1);
	if (!has_key(table))
	{
		const char *numbered = "%s AS row, pg_catalog.row_number() OVER (PARTITION BY %s) AS number FROM ";
		char	   *there = row_text(table, false);
		char	   *kept = row_text(table, true);

		appendStringInfoString(query, " FROM (SELECT * FROM (SELECT ctid AS tid, tableoid AS relid, ");
		appendStringInfo(query, numbered, there, there);
		appendStringInfo(query, "%s%s) f JOIN (SELECT *, ", only, relation);
		appendStringInfo(query, numbered, kept, kept);
		appendStringInfo(query, "%s) s USING (row, number)) e"
						 " WHERE t.ctid OPERATOR(pg_catalog.=) e.tid"
						 " AND t.tableoid OPERATOR(pg_catalog.=) e.relid", store);
		return;
	}
	appendStringInfo(query, " FROM %s e WHERE", store);
	for (int i = 0; i < old + 2 * n; i++)
	{
		if (i >= old && i < old + n)
			continue;
		appendStringInfoString(query, i == 0 || (i == n && old == 0) ? " (" : " AND (");
		append_equal(query, table, i);
		if (i >= old)
			appendStringInfo(query, " OR t.%s IS NULL AND e.k%d IS NULL",
							 column(table, i), i + 1);
		appendStringInfoChar(query, ')');
	}
}

static void
run_statement(const Restore *restore)
{
	StringInfoData query;
	StringInfoData counts;
	int			n = 0;
	ListCell   *lc;

	initStringInfo(&query);
	initStringInfo(&counts);
	foreach(lc, restore->tables)
	{
		RestoreTable *table = lfirst(lc);
		Oid			relid = table->format.relid;
		char	   *relation = quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
														  get_rel_name(relid));

		if (SPI_register_relation(&table->enr) != SPI_OK_REL_REGISTER)
			elog(ERROR, "SPI_register_relation failed");
		n++;
		appendStringInfo(&query, "%sr%d AS (", n == 1 ? "WITH " : ", ", n);
		if (table->format.nchanged == 0)
			append_insert(&query, table, relation);
		else
			append_update(&query, table, relation);
		appendStringInfoString(&query, " RETURNING 1)");
		appendStringInfo(&counts, "%s(SELECT pg_catalog.count(*) FROM r%d)",
						 n == 1 ? "" : ", ", n);
	}
	appendStringInfo(&query, " SELECT %s", counts.data);
	if (SPI_execute(query.data, false, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not put back kept rows");
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
		const RestoreTable *table = lfirst(lc);
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

	settings = hooks_kept_begin_settings();
	context.callback = add_context;
	context.arg = &restore;
	context.previous = error_context_stack;
	error_context_stack = &context;
	hooks_kept_read(restore.kept_id, restore_chunk, &restore);
	error_context_stack = context.previous;
	hooks_kept_end_settings(settings);
	if (restore.rows != expected)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("kept cascade %lld is not complete", (long long) restore.kept_id),
				 errdetail("Of %lld rows, %lld are kept.",
						   (long long) expected, (long long) restore.rows)));
	run_statement(&restore);
	check_counts(&restore);
	hooks_kept_set_restored(restore.kept_id);

	foreach(lc, restore.tables)
		tuplestore_end(((RestoreTable *) lfirst(lc))->store);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	PG_RETURN_INT64(restore.rows);
}

/* What hooks.kept_rows() gives */
typedef struct Show
{
	Relation	rel;
	Tuplestorestate *result;
	TupleDesc	desc;
} Show;

static void
show_chunk(const HookKeptFormat *format, int rows, char *data, void *arg)
{
	Show	   *show = arg;
	Columns		columns;
	Datum	   *values = palloc0(sizeof(Datum) * Max(show->desc->natts, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(show->desc->natts, 1));

	if (format->relid != RelationGetRelid(show->rel) || format->nchanged > 0)
		return;
	match_columns(&columns, show->rel, format);
	memset(nulls, true, sizeof(bool) * show->desc->natts);
	for (int row = 0; row < rows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		data = hooks_kept_next_row(data, columns.fields, format->nfields);
		for (int i = 0; i < format->nfields; i++)
		{
			AttrNumber	attnum = columns.attnums[i];

			nulls[attnum - 1] = columns.fields[i] == NULL;
			if (!nulls[attnum - 1])
				values[attnum - 1] = input_field(&columns, i);
		}
		tuplestore_putvalues(show->result, show->desc, values, nulls);
	}
}

PG_FUNCTION_INFO_V1(hooks_kept_rows);

/*
 * hooks.kept_rows(kept_id bigint, table anyelement) returns setof anyelement
 *
 * The removed rows of a table, given by its row type, that were kept; generated
 * columns are NULL.  42809 if it is no table; errors of hooks_kept_get(),
 * hooks_rights_check_read() and of the columns.
 */
Datum
hooks_kept_rows(PG_FUNCTION_ARGS)
{
	Oid			relid = hooks_result_table(fcinfo, 1, "hooks.kept_rows(1, NULL::some_table)");
	Show		show;
	int			settings;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"kept_id\" must not be null")));
	hooks_rights_check_read(relid);
	show.result = hooks_result_begin(fcinfo, &show.desc);
	show.rel = table_open(relid, AccessShareLock);
	(void) hooks_kept_get(PG_GETARG_INT64(0), AccessShareLock);
	settings = hooks_kept_begin_settings();
	hooks_kept_read(PG_GETARG_INT64(0), show_chunk, &show);
	hooks_kept_end_settings(settings);
	table_close(show.rel, NoLock);
	return (Datum) 0;
}
