/*
 * putback.c
 *		Puts kept rows back into tables, as their owners.
 *
 * Each statement writes to tables of one owner, and runs as this role.  It
 * reads named tuplestores, with columns k1, k2, ... for the fields of the
 * format.
 *
 * Foreign keys must not be checked, and AFTER triggers not fired, before the
 * rows of all owners are there.  So the statements are nested: each runs, and
 * stays open while the next one runs.  Then they finish, the last one first.
 *		ExecutorStart(a), ExecutorRun(a)		as the owner of a
 *			ExecutorStart(b), ExecutorRun(b)	as the owner of b
 *			ExecutorFinish(b)					as b's: b's AFTER triggers
 *		ExecutorFinish(a)						as a's: a's
 * Each has its own trigger query level, as nested statements have.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "base/identity.h"
#include "base/place.h"
#include "firing/reads.h"
#include "firing/statement.h"
#include "recycle/keeper.h"
#include "recycle/putback.h"
#include "recycle/quiet.h"

/*
 * The name that the column of a field has now.
 */
static const char *
column(const HookRestored *table, int field)
{
	return quote_identifier(get_attname(table->format.relid,
										table->fields.attnums[field], false));
}

/*
 * Does the column of a field still exist?
 */
static bool
has_column(const HookRestored *table, int field)
{
	return table->fields.attnums[field] != InvalidAttrNumber;
}

/*
 * INSERT INTO TABLE (COLUMN, ...) OVERRIDING SYSTEM VALUE SELECT k1, ... FROM
 * STORE
 *
 * Of a table without columns, INSERT INTO TABLE SELECT FROM STORE.
 */
static void
append_insert(StringInfo query, const HookRestored *table,
			  const char *relation)
{
	StringInfoData columns;
	StringInfoData values;

	initStringInfo(&columns);
	initStringInfo(&values);
	for (int i = 0; i < table->format.nfields; i++)
	{
		const char *comma = values.len == 0 ? "" : ", ";

		if (!has_column(table, i))
			continue;
		appendStringInfo(&columns, "%s%s", comma, column(table, i));
		appendStringInfo(&values, "%sk%d", comma, i + 1);
	}
	appendStringInfo(query, "INSERT INTO %s", relation);
	if (values.len > 0)
		appendStringInfo(query, " (%s) OVERRIDING SYSTEM VALUE", columns.data);
	appendStringInfo(query, " SELECT %s FROM %s", values.data,
					 quote_identifier(table->enr.md.name));
}

/*
 * t.COLUMN = e.kN, by the type's own operator.
 */
static void
append_equal(StringInfo query, const HookRestored *table, int field)
{
	Oid			type = table->fields.types[field];
	TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_EQ_OPR);

	if (!OidIsValid(cache->eq_opr))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify an equality operator for type %s",
						format_type_be(type))));
	generate_operator_clause(query, psprintf("t.%s", column(table, field)),
							 type,
							 cache->eq_opr, psprintf("e.k%d", field + 1),
							 type);
}

static bool
is_in_key(List *key, const HookRestored *table, int field)
{
	ListCell   *lc;

	foreach(lc, has_column(table, field) ? key : NIL)
	{
		if (strcmp(quote_identifier(lfirst(lc)), column(table, field)) == 0)
			return true;
	}
	return false;
}

/*
 * The names of the columns that identify each row of the table; NIL if there
 * are none, or if not all of them are among the fields.
 */
static List *
find_key(const HookRestored *table)
{
	Relation	rel = table_open(table->format.relid, NoLock);
	List	   *key = hooks_keeper_key(rel);
	ListCell   *lc;

	table_close(rel, NoLock);
	foreach(lc, key)
	{
		bool		is_field = false;

		for (int i = 0; i < table->format.nfields; i++)
			is_field |= is_in_key(list_make1(lfirst(lc)), table, i);
		if (!is_field)
			return NIL;
	}
	return key;
}

/*
 * SQL for a row as text: the columns that were not changed, then the changed
 * ones as the delete left them.  For kept rows, or for rows of the table.
 */
static char *
row_text(const HookRestored *table, bool kept)
{
	int			n = table->format.nchanged;
	int			old = table->format.nfields - 2 * n;
	const char *comma = "";
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "ROW(");
	for (int i = 0; i < table->format.nfields; i++)
	{
		if (!has_column(table, i) || (i >= old && i < old + n))
			continue;
		appendStringInfo(&sql, "%s%s", comma,
						 kept ? psprintf("k%d", i + 1) : column(table, i));
		comma = ", ";
	}
	appendStringInfoString(&sql, ")::pg_catalog.text");
	return sql.data;
}

/*
 * UPDATE TABLE t SET COLUMN = e.kN, ... FROM STORE e WHERE the key is the
 * same, and the changed columns are as the delete left them
 *
 * Without a key, several rows can have the same values.  They are numbered, so
 * that each kept row finds a different one; it does not matter which:
 *		FROM (SELECT tid, relid, s.* FROM (SELECT tid, relid, ROW, NUMBER FROM
 *		TABLE) f
 *				JOIN (SELECT *, ROW, NUMBER FROM STORE) s ON the same ROW and
 *				NUMBER) e
 */
static void
append_update(StringInfo query, const HookRestored *table,
			  const char *relation)
{
	const char *only = get_rel_relkind(table->format.relid) ==
		RELKIND_PARTITIONED_TABLE ?
		"" : "ONLY ";
	const char *store = quote_identifier(table->enr.md.name);
	int			n = table->format.nchanged;
	int			old = table->format.nfields - 2 * n;
	List	   *key = find_key(table);
	const char *comma = "";
	const char *and = " (";

	appendStringInfo(query, "UPDATE %s%s t SET", only, relation);
	for (int i = old; i < old + n; i++)
	{
		if (!has_column(table, i))
			continue;
		appendStringInfo(query, "%s %s = e.k%d", comma, column(table, i),
						 i + 1);
		comma = ",";
	}
	if (key == NIL)
	{
		const char *numbered =
			"%s AS row, pg_catalog.row_number() OVER (PARTITION BY %s) AS number FROM ";
		char	   *there = row_text(table, false);
		char	   *kept = row_text(table, true);

		appendStringInfoString(query,
							   " FROM (SELECT tid, relid, s.* FROM (SELECT ctid AS tid, tableoid AS relid, ");
		appendStringInfo(query, numbered, there, there);
		appendStringInfo(query, "%s%s) f JOIN (SELECT *, ", only, relation);
		appendStringInfo(query, numbered, kept, kept);
		appendStringInfo(query, "%s) s ON f.row OPERATOR(pg_catalog.=) s.row"
						 " AND f.number OPERATOR(pg_catalog.=) s.number) e"
						 " WHERE t.ctid OPERATOR(pg_catalog.=) e.tid"
						 " AND t.tableoid OPERATOR(pg_catalog.=) e.relid",
						 store);
		return;
	}
	appendStringInfo(query, " FROM %s e WHERE", store);
	for (int i = 0; i < old + 2 * n; i++)
	{
		if ((i < old ? !is_in_key(key, table, i) : i < old + n) ||
			!has_column(table, i))
			continue;
		appendStringInfoString(query, and);
		and = " AND (";
		append_equal(query, table, i);
		if (i >= old)
			appendStringInfo(query, " OR t.%s IS NULL AND e.k%d IS NULL",
							 column(table, i), i + 1);
		appendStringInfoChar(query, ')');
	}
}

/*
 * WITH r1 AS (INSERT ... RETURNING 1), r2 AS (UPDATE ... RETURNING 1), ...
 * SELECT (SELECT count(*) FROM r1), (SELECT count(*) FROM r2), ...
 *
 * PostgreSQL writes the tables in the order in which the counts are selected.
 */
static char *
make_statement(List *tables)
{
	StringInfoData query;
	StringInfoData counts;
	int			n = 0;
	ListCell   *lc;

	initStringInfo(&query);
	initStringInfo(&counts);
	foreach(lc, tables)
	{
		const HookRestored *table = lfirst(lc);
		char	   *relation = hooks_place_quoted(table->format.relid);

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
	return query.data;
}

static void
begin_counts(DestReceiver *self, int operation, TupleDesc desc)
{
}

/*
 * Takes the row of counts.
 */
static bool
receive_counts(TupleTableSlot *slot, DestReceiver *self)
{
	int			n = 0;
	ListCell   *lc;

	slot_getallattrs(slot);
	foreach(lc, ((HookPutback *) self)->tables)
	{
		HookRestored *table = lfirst(lc);

		table->back = DatumGetInt64(slot->tts_values[n++]);
	}
	return true;
}

static void
end_counts(DestReceiver *self)
{
}

/*
 * A table of the role as which the rows are put back.
 */
static Oid
table_of(const HookPutback *putback)
{
	return ((HookRestored *) linitial(putback->tables))->format.relid;
}

/*
 * Puts rows back into tables of one owner, for the caller.  AFTER triggers and
 * foreign key checks wait for hooks_putback_finish().  After the call, each
 * HookRestored has the number of rows that are back.  Call this, and finish,
 * while connected to SPI.  quiet: users' triggers do not fire.
 *
 * The calling function has checked the caller's rights.
 */
HookPutback *
hooks_putback_run(List *tables, Oid caller, bool quiet)
{
	HookPutback *putback = palloc0(sizeof(HookPutback));
	QueryEnvironment *stores = create_queryEnv();
	char	   *sql = make_statement(tables);
	HookIdentity before;
	SPIPlanPtr	plan;
	ListCell   *lc;

	Assert(tables != NIL);
	putback->tables = tables;
	putback->caller = caller;
	putback->quiet = quiet;
	putback->receiver.receiveSlot = receive_counts;
	putback->receiver.rStartup = begin_counts;
	putback->receiver.rShutdown = end_counts;
	putback->receiver.rDestroy = end_counts;
	putback->receiver.mydest = DestNone;
	foreach(lc, tables)
	{
		HookRestored *table = lfirst(lc);

		if (SPI_register_relation(&table->enr) != SPI_OK_REL_REGISTER)
			elog(ERROR, "SPI_register_relation failed");
		register_ENR(stores, &table->enr);
	}
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	hooks_identity_stand_in(&before, table_of(putback), caller);
	plan = SPI_prepare(sql, 0, NULL);
	putback->plan = plan == NULL ? NULL : SPI_plan_get_cached_plan(plan);
	if (putback->plan == NULL)
		elog(ERROR, "could not plan statement: %s", sql);
	putback->running =
		CreateQueryDesc(linitial_node(PlannedStmt, putback->plan->stmt_list),
						sql, GetActiveSnapshot(),
						InvalidSnapshot,
						&putback->receiver, NULL, stores, 0);
	ExecutorStart(putback->running, 0);
	hooks_reads_ignore(putback->running);
	if (quiet)
		hooks_quiet_statement(putback->running, tables);
	hooks_statement_set_caller(caller);
	hooks_executor_run(putback->running, 0);
	hooks_identity_end(&before);
	PopActiveSnapshot();
	CommandCounterIncrement();
	return putback;
}

/*
 * Ends what hooks_putback_run() began.  Of nested statements, the last one
 * must be finished first.
 */
void
hooks_putback_finish(HookPutback *putback)
{
	HookIdentity before;

	Assert(putback->running != NULL);
	PushActiveSnapshot(putback->running->snapshot);
	hooks_identity_stand_in(&before, table_of(putback), putback->caller);
	hooks_statement_set_caller(putback->caller);
	ExecutorFinish(putback->running);
	/* without triggers, nothing has read and reset the caller */
	hooks_statement_set_caller(InvalidOid);
	hooks_identity_end(&before);
	if (putback->quiet)
		hooks_quiet_count(putback->running);
	ExecutorEnd(putback->running);
	PopActiveSnapshot();
	FreeQueryDesc(putback->running);
	ReleaseCachedPlan(putback->plan, 0);
	CommandCounterIncrement();
}
