/*
 * restore.c
 *		hooks.restore(), hooks.restore_transaction(): put kept rows back.
 *
 * The caller does not name the tables, so their code (triggers, defaults,
 * domains, index expressions) must not run as the caller.  Rows are parsed and
 * put back as the owner of their table.  Before that, it is checked that the
 * caller may read and write the tables.
 *
 * First all removed rows are put back, then changes are undone, as a changed
 * row may have been removed later.  PostgreSQL checks the foreign keys of the
 * removed rows only after both, when cycles are complete again.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"
#include "utils/xid8.h"

#include "base/argument.h"
#include "base/compat.h"
#include "base/identity.h"
#include "base/rights.h"
#include "base/settings.h"
#include "recycle/announce.h"
#include "recycle/putback.h"
#include "recycle/rowtext.h"
#include "recycle/rules.h"

typedef struct Restore
{
	const char *column;			/* whose value is being read; NULL: none */
	const char *table;
	int64		kept_id;		/* that is being read */
	Oid			caller;
	bool		quiet;			/* users' triggers and hooks do not fire */
	bool		skip;			/* columns that are gone are left out */
	MemoryContext context;
	List	   *removed;		/* of HookRestored: one for each format */
	List	   *changed;		/* one for each cascade and format, the last
								 * change first */
	int64		rows;			/* that were removed */
} Restore;

/*
 * Opens the table of kept rows, to write to it: 42P01 if it is gone, 42809 if
 * it is no table any more.
 */
static Relation
open_restored(const Restore *restore, const HookKeptFormat *format)
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
				 errmsg("\"%s\" is not a table",
						RelationGetRelationName(rel))));
	return rel;
}

/*
 * 42501 unless the caller may write the rows, and read them: errors can show
 * kept values.
 */
static void
check_may_write(Relation rel, const HookRestored *table)
{
	Oid			relid = RelationGetRelid(rel);
	int			n = table->format.nchanged;
	int			old = table->format.nfields - 2 * n;
	AclMode		right = n == 0 ? ACL_INSERT : ACL_UPDATE;

	hooks_rights_check_read(relid);
	for (int i = n == 0 ? 0 :
		 old; i < (n == 0 ? table->fields.n : old + n); i++)
		if (table->fields.attnums[i] != InvalidAttrNumber &&
			pg_class_aclcheck(relid, GetUserId(), right) != ACLCHECK_OK &&
			pg_attribute_aclcheck(relid, table->fields.attnums[i], GetUserId(),
								  right) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE,
						   RelationGetRelationName(rel));
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
 * 42501 unless the caller owns a table and all its partitions.  An owner could
 * disable the triggers as well.
 */
static void
check_owns(Relation rel)
{
	ListCell   *lc;

	foreach(lc, find_all_inheritors(RelationGetRelid(rel), AccessShareLock,
									NULL))
	{
		if (!hooks_class_ownercheck(lfirst_oid(lc), GetUserId()))
			aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE,
						   get_rel_name(lfirst_oid(lc)));
	}
}

/*
 * Does any of the changed columns still exist?
 */
static bool
has_changed_column(const HookRestored *table)
{
	int			n = table->format.nchanged;
	int			old = table->format.nfields - 2 * n;

	for (int i = old; i < old + n; i++)
	{
		if (table->fields.attnums[i] != InvalidAttrNumber)
			return true;
	}
	return false;
}

/*
 * Makes a HookRestored for rows of a format.
 */
static HookRestored *
add_restored(Restore *restore, const HookKeptFormat *format)
{
	HookRestored *table = palloc0(sizeof(HookRestored));
	Relation	rel = open_restored(restore, format);

	table->kept_id = restore->kept_id;
	table->format = copy_format(format);
	hooks_rules_check(rel, format->nchanged == 0 ? CMD_INSERT : CMD_UPDATE,
					  true);
	hooks_fields_match(&table->fields, rel, &table->format, restore->skip);
	check_may_write(rel, table);
	if (restore->quiet)
		check_owns(rel);
	table->vanished = format->nchanged > 0 && !has_changed_column(table);
	table->desc = CreateTemplateTupleDesc(format->nfields);
	for (int i = 0; i < format->nfields; i++)
	{
		AttrNumber	attnum = table->fields.attnums[i];

		TupleDescInitEntry(table->desc, i + 1, psprintf("k%d", i + 1),
						   table->fields.types[i], table->fields.typmods[i],
						   0);
		if (attnum == InvalidAttrNumber)
			continue;
		TupleDescInitEntryCollation(table->desc, i + 1,
									TupleDescAttr(RelationGetDescr(rel),
												  attnum - 1)->attcollation);
	}
	TupleDescFinalize(table->desc);
	table->store = tuplestore_begin_heap(false, false, work_mem);
	table->enr.md.name = psprintf("kept %d", list_length(restore->removed) +
								  list_length(restore->changed) + 1);
	table->enr.md.reliddesc = InvalidOid;
	table->enr.md.tupdesc = table->desc;
	table->enr.md.enrtype = ENR_NAMED_TUPLESTORE;
	table->enr.reldata = table->store;
	if (format->nchanged == 0)
		restore->removed = lappend(restore->removed, table);
	else
		restore->changed = lappend(restore->changed, table);
	relation_close(rel, NoLock);
	return table;
}

/*
 * The HookRestored for rows of a format, as they come from the current
 * cascade; NULL if there is none yet.
 */
static HookRestored *
find_restored(const Restore *restore, const HookKeptFormat *format)
{
	List	   *tables = format->nchanged == 0 ? restore->removed :
		restore->changed;

	for (int i = list_length(tables) - 1; i >= 0; i--)
	{
		HookRestored *table = list_nth(tables, i);

		if (format->nchanged > 0 && table->kept_id != restore->kept_id)
			break;
		if (same_format(&table->format, format))
			return table;
	}
	return NULL;
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
	HookRestored *table = find_restored(restore, format);
	Datum	   *values = palloc(sizeof(Datum) * Max(format->nfields, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(format->nfields, 1));
	HookIdentity before;

	if (table == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(restore->context);

		table = add_restored(restore, format);
		MemoryContextSwitchTo(old);
	}
	hooks_identity_stand_in(&before, format->relid, restore->caller);
	for (int row = 0; row < rows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		data = hooks_rowtext_next(data, table->fields.values, format->nfields);
		for (int i = 0; i < format->nfields; i++)
		{
			restore->column = hooks_kept_column(format, i)->name;
			restore->table = format->name;
			nulls[i] = table->fields.values[i] == NULL ||
				table->fields.attnums[i] == InvalidAttrNumber;
			values[i] = nulls[i] ? (Datum) 0 :
				hooks_fields_input(&table->fields, i);
		}
		restore->column = NULL;
		tuplestore_putvalues(table->store, table->desc, values, nulls);
	}
	hooks_identity_end(&before);
	table->rows += rows;
	table->enr.md.enrtuples = table->rows;
	if (format->nchanged == 0)
		restore->rows += rows;
}

/*
 * Reads all that was kept of a cascade, and forgets it.  It is marked as
 * restored first, so that code which runs here cannot restore it again.
 */
static void
read_entry(Restore *restore, const HookKeptEntry *entry)
{
	int64		rows = restore->rows;

	restore->kept_id = entry->kept_id;
	hooks_kept_set_restored(entry->kept_id);
	hooks_kept_read(entry->kept_id, restore_chunk, restore);
	rows = restore->rows - rows;
	if (rows != entry->rows)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("kept cascade %lld is not complete",
						(long long) entry->kept_id),
				 errdetail("Of %lld rows, %lld are kept.",
						   (long long) entry->rows, (long long) rows)));
	hooks_kept_forget_rows(entry->kept_id);
}

/*
 * Reads all that was kept of some cascades, the last one first.
 */
static void
read_entries(Restore *restore, List *entries)
{
	int			settings = hooks_rowtext_begin_settings();
	ErrorContextCallback context;
	ListCell   *lc;

	hooks_rowtext_set_path();
	context.callback = add_context;
	context.arg = restore;
	context.previous = error_context_stack;
	error_context_stack = &context;
	foreach(lc, entries)
	{
		read_entry(restore, lfirst(lc));
	}
	error_context_stack = context.previous;
	hooks_rowtext_end_settings(settings);
}

/*
 * The tables from the nth on that one statement can write: of one owner and,
 * where they are changed, by one cascade.
 */
static List *
next_tables(List *tables, int n)
{
	const HookRestored *first = list_nth(tables, n);
	Oid			owner = hooks_rights_owner(first->format.relid);
	List	   *run = NIL;

	for (; n < list_length(tables); n++)
	{
		HookRestored *table = list_nth(tables, n);

		if (table->vanished != first->vanished ||
			hooks_rights_owner(table->format.relid) != owner ||
			(table->format.nchanged > 0 && table->kept_id != first->kept_id))
			break;
		run = lappend(run, table);
	}
	return run;
}

/*
 * Has a table, or a partition of it, a deferrable trigger or constraint?
 */
static bool
may_defer(Oid relid)
{
	ListCell   *lc;

	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		Relation	rel = table_open(lfirst_oid(lc), NoLock);
		TriggerDesc *triggers = rel->trigdesc;
		bool		found = false;

		for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
			found |= triggers->triggers[i].tgdeferrable;
		table_close(rel, NoLock);
		if (found)
			return true;
	}
	return false;
}

static bool
any_may_defer(List *tables, Oid caller)
{
	ListCell   *lc;

	foreach(lc, tables)
	{
		Oid			relid = ((HookRestored *) lfirst(lc))->format.relid;

		if (hooks_identity_restricts(relid, caller) && may_defer(relid))
			return true;
	}
	return false;
}

/*
 * SET CONSTRAINTS ALL IMMEDIATE, if an owner whom the caller does not trust
 * has a deferrable trigger or constraint: deferred, it would run at COMMIT as
 * the session's role, which a security-restricted operation does not allow.
 * What is deferred already runs now, as this role.
 */
static void
stop_deferring(const Restore *restore)
{
	ConstraintsSetStmt *all;
	HookIdentity before;

	if (InSecurityRestrictedOperation() ||
		!(any_may_defer(restore->removed, restore->caller) ||
		  any_may_defer(restore->changed, restore->caller)))
		return;
	all = makeNode(ConstraintsSetStmt);
	hooks_identity_become(&before, GetOuterUserId(),
						  SECURITY_LOCAL_USERID_CHANGE);
	AfterTriggerSetState(all);
	hooks_identity_end(&before);
}

/*
 * 09000 unless every removed row is back.
 */
static void
check_removed(const HookPutback *putback)
{
	ListCell   *lc;

	foreach(lc, putback->tables)
	{
		const HookRestored *table = lfirst(lc);
		int64		missing = table->rows - table->back;

		Assert(table->format.nchanged == 0);
		if (missing > 0)
			ereport(ERROR,
					(errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
					 errmsg_plural("%lld row of table \"%s\" was not put back",
								   "%lld rows of table \"%s\" were not put back",
								   (unsigned long) missing,
								   (long long) missing,
								   get_rel_name(table->format.relid)),
					 errdetail("A BEFORE INSERT trigger or a hook has skipped it.")));
	}
}

/*
 * Puts all rows back.  Rows without a key are found by their text, so two
 * different floats must not have the same text.
 */
static void
put_back(const Restore *restore)
{
	int			settings = NewGUCNestLevel();
	List	   *running = NIL;
	List	   *tables;

	stop_deferring(restore);
	hooks_identity_set("extra_float_digits", "3");
	for (int i = 0; i <
		 list_length(restore->removed); i += list_length(tables))
	{
		tables = next_tables(restore->removed, i);
		running = lcons(hooks_putback_run(tables, restore->caller,
										  restore->quiet), running);
		check_removed(linitial(running));
	}
	for (int i = 0; i <
		 list_length(restore->changed); i += list_length(tables))
	{
		tables = next_tables(restore->changed, i);
		if (((HookRestored *) linitial(tables))->vanished)
			continue;
		hooks_putback_finish(hooks_putback_run(tables, restore->caller,
											   restore->quiet));
	}
	while (running != NIL)
	{
		hooks_putback_finish(linitial(running));
		running = list_delete_first(running);
	}
	AtEOXact_GUC(true, settings);
}

/*
 * Reports the changed rows that were not put back, as they have changed again
 * since the delete.
 */
static void
report_left(List *changed)
{
	List	   *told = NIL;
	ListCell   *lc;

	foreach(lc, changed)
	{
		Oid			relid = ((HookRestored *) lfirst(lc))->format.relid;
		int64		rows = 0;
		ListCell   *same;

		if (list_member_oid(told, relid))
			continue;
		told = lappend_oid(told, relid);
		foreach(same, changed)
		{
			const HookRestored *table = lfirst(same);

			if (table->format.relid == relid && !table->vanished)
				rows += table->rows - table->back;
		}
		if (rows > 0)
			ereport(NOTICE,
					(errmsg_plural("%lld row of table \"%s\" was left as it is",
								   "%lld rows of table \"%s\" were left as they are",
								   (unsigned long) rows, (long long) rows,
								   get_rel_name(relid)),
					 errdetail("What the delete changed in it was changed again since, or it is gone.")));
	}
}

static void
end_stores(List *tables)
{
	ListCell   *lc;

	foreach(lc, tables)
	{
		tuplestore_end(((HookRestored *) lfirst(lc))->store);
	}
}

/*
 * Is an argument the second of two words?  22023 if it is neither of them.
 */
static bool
get_word(FunctionCallInfo fcinfo, int n, const char *first, const char *second)
{
	const char *word = hooks_argument_text(fcinfo, n);

	if (strcmp(word, first) != 0 && strcmp(word, second) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be \"%s\" or \"%s\"",
						hooks_argument_name(fcinfo, n), first, second)));
	return strcmp(word, second) == 0;
}

/*
 * Sets hooks.restoring to the numbers of the cascades, for triggers to read.
 */
static void
tell_restoring(List *entries)
{
	StringInfoData numbers;
	ListCell   *lc;

	initStringInfo(&numbers);
	foreach(lc, entries)
	{
		appendStringInfo(&numbers, "%s%lld", numbers.len == 0 ? "" : ",",
						 (long long) ((HookKeptEntry *) lfirst(lc))->kept_id);
	}
	hooks_settings_set_restoring(numbers.data);
}

/*
 * Puts back what was kept of some cascades, the last one first.  Returns the
 * number of rows that were removed and are there again.
 */
static int64
restore_entries(FunctionCallInfo fcinfo, List *entries)
{
	int			settings = NewGUCNestLevel();
	Restore		restore = {0};
	HookAccess *announced = NULL;

	restore.caller = GetUserId();
	restore.quiet = get_word(fcinfo, 1, "fire", "skip");
	restore.skip = get_word(fcinfo, 2, "error", "skip");
	restore.context = CurrentMemoryContext;
	tell_restoring(entries);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	read_entries(&restore, entries);
	if (restore.quiet)
		hooks_announce_skip(restore.removed);
	else
		announced = hooks_announce_begin(restore.removed);
	put_back(&restore);
	hooks_announce_end(announced);
	report_left(restore.changed);
	end_stores(restore.removed);
	end_stores(restore.changed);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	AtEOXact_GUC(true, settings);
	return restore.rows;
}

PG_FUNCTION_INFO_V1(hooks_restore);

/*
 * hooks.restore(kept_id bigint, triggers text, missing text) returns bigint
 *
 * Puts back what was kept of a cascade, all of it or nothing, and forgets the
 * kept rows.  triggers: whether users' triggers fire.  missing: whether a
 * column that is gone is an error or left out.  Returns the number of rows
 * that were removed and are there again; 0, with a NOTICE, if it was restored
 * before.  Errors: 22004, 22023, those of hooks_kept_get(), check_may_write(),
 * of the columns and of PostgreSQL.
 */
Datum
hooks_restore(PG_FUNCTION_ARGS)
{
	HookKeptEntry entry;

	hooks_argument_require(fcinfo, 0);
	PreventCommandIfReadOnly("hooks.restore()");
	hooks_kept_get(&entry, PG_GETARG_INT64(0), ShareUpdateExclusiveLock);
	if (!entry.restored)
		PG_RETURN_INT64(restore_entries(fcinfo, list_make1(&entry)));
	ereport(NOTICE,
			(errmsg("kept cascade %lld was restored already",
					(long long) entry.kept_id)));
	PG_RETURN_INT64(0);
}

PG_FUNCTION_INFO_V1(hooks_restore_transaction);

/*
 * hooks.restore_transaction(transaction_id xid8, triggers text, missing text)
 *		returns bigint
 *
 * The same for all that a transaction has kept, except what was restored
 * before: all of it or nothing.  Errors: also those of
 * hooks_kept_of_transaction().
 */
Datum
hooks_restore_transaction(PG_FUNCTION_ARGS)
{
	FullTransactionId transaction = PG_GETARG_FULLTRANSACTIONID(0);
	List	   *entries;
	List	   *left = NIL;
	ListCell   *lc;

	hooks_argument_require(fcinfo, 0);
	PreventCommandIfReadOnly("hooks.restore_transaction()");
	entries = hooks_kept_of_transaction(transaction,
										ShareUpdateExclusiveLock);
	foreach(lc, entries)
	{
		HookKeptEntry *entry = lfirst(lc);

		if (!entry->restored)
			left = lappend(left, entry);
	}
	if (left != NIL)
		PG_RETURN_INT64(restore_entries(fcinfo, left));
	ereport(NOTICE,
			(errmsg("all that was kept of transaction %llu was restored already",
					(unsigned long long) transaction.value)));
	PG_RETURN_INT64(0);
}
