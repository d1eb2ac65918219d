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
 * row may have been removed later.  PostgreSQL checks the foreign keys only
 * after all of that, when cycles are complete again.
 */
#include "postgres.h"

#include "access/table.h"
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
#include "base/identity.h"
#include "base/rights.h"
#include "base/settings.h"
#include "recycle/announce.h"
#include "recycle/putback.h"
#include "recycle/restored.h"
#include "recycle/rowtext.h"

/*
 * Is a table among some?
 */
static bool
is_in_run(const HookRestored *table, List *tables)
{
	ListCell   *lc;

	foreach(lc, tables)
	{
		if (((HookRestored *) lfirst(lc))->format.relid ==
			table->format.relid)
			return true;
	}
	return false;
}

/*
 * The tables from the nth on that one statement can write: of one owner and,
 * where they are changed, by one cascade and each once.  The parts of a
 * statement do not see what the others do, and rows that the delete has left
 * alike would be found by several.
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
			(table->format.nchanged > 0 &&
			 (table->kept_id != first->kept_id || is_in_run(table, run))))
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

	foreach(lc, hooks_restored_holders(relid))
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
stop_deferring(const HookRestore *restore)
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
 * Finishes the statements that were begun last, until so many are left.
 */
static List *
finish_statements(List *running, int left)
{
	while (list_length(running) > left)
	{
		hooks_putback_finish(linitial(running));
		running = list_delete_first(running);
	}
	return running;
}

/*
 * Puts all rows back.  What several cascades have changed in a row is undone
 * one after the other, for triggers, too.  Rows without a key are found by
 * their text, so two different floats must not have the same text.
 */
static void
put_back(const HookRestore *restore)
{
	int			settings = NewGUCNestLevel();
	List	   *running = NIL;
	int			nremoved;
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
	nremoved = list_length(running);
	for (int i = 0; i <
		 list_length(restore->changed); i += list_length(tables))
	{
		const HookRestored *table = list_nth(restore->changed, i);

		tables = next_tables(restore->changed, i);
		if (i > 0 && table->kept_id !=
			((HookRestored *) list_nth(restore->changed, i - 1))->kept_id)
			running = finish_statements(running, nremoved);
		if (table->vanished)
			continue;
		running = lcons(hooks_putback_run(tables, restore->caller,
										  restore->quiet), running);
	}
	(void) finish_statements(running, 0);
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
 * The functions of 1.0 have no such arguments; that their table is another one
 * is told later.
 */
static bool
get_word(FunctionCallInfo fcinfo, int n, const char *first, const char *second)
{
	const char *word;

	if (n >= PG_NARGS())
		return false;
	word = hooks_argument_text(fcinfo, n);
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
 * Puts back what was kept of some cascades, the last one first.  quiet: leave
 * out users' triggers.  skip: leave out columns that are gone.  Returns the
 * number of rows that were removed and are there again.
 */
static int64
restore_entries(List *entries, bool quiet, bool skip)
{
	int			settings = NewGUCNestLevel();
	HookRestore restore = {0};
	HookAccess *announced = NULL;

	restore.caller = GetUserId();
	restore.quiet = quiet;
	restore.skip = skip;
	restore.context = CurrentMemoryContext;
	tell_restoring(entries);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	hooks_restored_read(&restore, entries);
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
	bool		quiet;
	bool		skip;

	hooks_argument_require(fcinfo, 0);
	quiet = get_word(fcinfo, 1, "fire", "skip");
	skip = get_word(fcinfo, 2, "error", "skip");
	PreventCommandIfReadOnly("hooks.restore()");
	hooks_kept_get(&entry, PG_GETARG_INT64(0), ShareUpdateExclusiveLock);
	if (!entry.restored)
		PG_RETURN_INT64(restore_entries(list_make1(&entry), quiet, skip));
	hooks_kept_release(ShareUpdateExclusiveLock);
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
	bool		quiet;
	bool		skip;
	List	   *entries;
	List	   *left = NIL;
	ListCell   *lc;

	hooks_argument_require(fcinfo, 0);
	quiet = get_word(fcinfo, 1, "fire", "skip");
	skip = get_word(fcinfo, 2, "error", "skip");
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
		PG_RETURN_INT64(restore_entries(left, quiet, skip));
	hooks_kept_release(ShareUpdateExclusiveLock);
	ereport(NOTICE,
			(errmsg("all that was kept of transaction %llu was restored already",
					(unsigned long long) transaction.value)));
	PG_RETURN_INT64(0);
}
