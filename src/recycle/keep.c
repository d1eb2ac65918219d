/*
 * keep.c
 *		hooks.keep(): a recycle bin for whole cascades.
 *
 * It fires before the cascade, walks the whole delete and keeps the rows.  Of
 * a deleted row it keeps every column, except those that PostgreSQL computes;
 * of a changed row, what altered.c says.
 *
 * The walk finds TIDs, six bytes a row; the rows are read when it is over,
 * table by table.  All is done as the current user, the hook's owner, who
 * needs SELECT on every table of the cascade.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/ancestors.h"
#include "base/argument.h"
#include "base/own.h"
#include "base/tidlist.h"
#include "base/wake.h"
#include "cascade/doomed.h"
#include "firing/context.h"
#include "firing/statement.h"
#include "recycle/altered.h"
#include "recycle/expire.h"
#include "recycle/keepers.h"
#include "recycle/kept.h"
#include "recycle/rowtext.h"
#include "recycle/rules.h"
#include "registry/registry.h"

/* What the walk has found */
typedef struct Keep
{
	MemoryContext context;
	int64		rows;			/* that go */
	List	   *lists;			/* HookTidList of them */
	HookAltered *altered;
} Keep;

static void
begin_keep(Keep *keep)
{
	keep->context = CurrentMemoryContext;
	keep->altered = hooks_altered_begin();
	keep->lists = NIL;
	keep->rows = 0;
}

static void
note_row(const HookCascadeRow *row, void *arg)
{
	Keep	   *keep = arg;
	MemoryContext old;

	if (row == NULL)
	{
		begin_keep(keep);
		return;
	}
	if (row->effect != HOOK_EFFECT_DELETE)
	{
		hooks_altered_add(keep->altered, row);
		return;
	}
	old = MemoryContextSwitchTo(keep->context);
	keep->lists = hooks_tidlist_add(keep->lists, row->relid, &row->tid);
	keep->rows++;
	MemoryContextSwitchTo(old);
}

/*
 * Writes the deleted rows of one table, with all its partitions: those of the
 * lists whose topmost tables are the given one.
 */
static void
write_table(HookKeptWriter *writer, const Keep *keep, Oid bin, Oid relid,
			const List *tops)
{
	Relation	rel = table_open(relid, AccessShareLock);
	HookKeeper *keeper;
	ListCell   *top;
	ListCell   *lc;

	hooks_rules_check(rel, CMD_INSERT, false);
	keeper = hooks_keepers_pin(rel, bin, keep->context);
	hooks_kept_row_set_format(writer, &keeper->format);
	forboth(top, tops, lc, keep->lists)
	{
		const HookTidList *list = lfirst(lc);
		HookKeeperRows rows;

		if (lfirst_oid(top) != relid)
			continue;
		hooks_keeper_open(keeper, &rows, rel, list->relid);
		for (int64 i = 0; i < list->n; i++)
		{
			hooks_keeper_read(&rows, &list->tids[i]);
			hooks_keeper_put_row(keeper, writer, &rows,
								 keeper->format.nfields);
			hooks_keeper_end_row(keeper, writer);
		}
		hooks_keeper_close(&rows);
	}
	hooks_kept_row_set_format(writer, NULL);
	table_close(rel, NoLock);
}

/*
 * Is an element the first one of its value?
 */
static bool
is_first(const List *oids, const ListCell *element)
{
	ListCell   *lc;

	foreach(lc, oids)
	{
		if (lfirst_oid(lc) == lfirst_oid(element))
			break;
	}
	return lc == element;
}

/*
 * The end of the time that the hook of a firing gives, PG_INT64_MAX for ever.
 */
static TimestampTz
until_when(const HookFiring *firing)
{
	const Trigger *trigger = firing->trigdata->tg_trigger;

	return trigger->tgnargs == 0 ? PG_INT64_MAX :
		hooks_expire_when(trigger->tgargs[0]);
}

/*
 * Writes all that the walk has found: tables in the order in which the cascade
 * comes to them, then the changes.
 */
static void
write_all(const HookFiring *firing, Keep *keep)
{
	TimestampTz until = until_when(firing);
	Oid			bin = hooks_own_relation("bin", RELKIND_RELATION);
	List	   *tops = NIL;
	HookKeptWriter writer;
	int			settings = hooks_rowtext_begin_settings();
	ListCell   *lc;

	hooks_kept_begin(&writer);
	foreach(lc, keep->lists)
	{
		const HookTidList *list = lfirst(lc);

		tops = lappend_oid(tops, hooks_ancestors_top(list->relid));
	}
	foreach(lc, tops)
	{
		if (is_first(tops, lc))
			write_table(&writer, keep, bin, lfirst_oid(lc), tops);
	}
	hooks_altered_write(keep->altered, &writer);
	hooks_kept_end(&writer, hooks_doomed_target(firing), keep->rows,
				   firing->caller, hooks_doomed_is_partial(firing), until);
	hooks_rowtext_end_settings(settings);
	hooks_doomed_set_kept(firing, writer.kept_id);
	if (until != PG_INT64_MAX)
		hooks_worker_retries(firing->subject->definition->owner);
	if (hooks_doomed_is_partial(firing))
		ereport(WARNING,
				(errmsg("kept rows of table \"%s\" and below, but not what led to them",
						get_rel_name(firing->subject->relation)),
				 errdetail("The statement began before the session had loaded the library."),
				 errhint("Set session_preload_libraries to hooks, or register hooks.keep on the table that is deleted from.")));
}

/*
 * Refuses (0A000) a statement that deletes from foreign tables, as partitions
 * or children of the table that it names: hooks cannot see these rows.
 */
static void
check_tables(const HookFiring *firing)
{
	const HookStatement *root = hooks_statement_of_cascade(firing->statement);
	ListCell   *lc;

	if (root == NULL)
		return;
	foreach(lc, hooks_statement_written(root->query->plannedstmt))
	{
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_FOREIGN_TABLE)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot keep rows of foreign table \"%s\"",
							get_rel_name(lfirst_oid(lc)))));
	}
}

PG_FUNCTION_INFO_V1(hooks_keep);

/*
 * hooks.keep() returns trigger
 *
 * Keeps all that the statement of a before_cascade or before_closure firing
 * deletes and changes, once for each statement; for as long as the argument of
 * the hook says, of several the longest time.
 * 39P01 if it is called elsewhere; errors of check_tables(),
 * hooks_rights_check_read(), of defaults, and those of altered.c.
 */
Datum
hooks_keep(PG_FUNCTION_ARGS)
{
	const HookFiring *firing = hooks_firing;
	int64		kept_id;
	Keep		keep;

	if (!CALLED_AS_TRIGGER(fcinfo) || firing == NULL ||
		firing->trigdata != (TriggerData *) fcinfo->context ||
		!hooks_doomed_knows(firing) ||
		firing->subject->event->action != HOOK_DELETE)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function hooks.keep() was not called in a before_cascade or before_closure firing of a delete"),
				 errhint("Register it as hooks.register(name, 'before_cascade', 'delete', relation, 'hooks.keep').")));
	kept_id = hooks_doomed_kept(firing);
	if (kept_id != 0)
	{
		hooks_kept_extend(kept_id, until_when(firing));
		return PointerGetDatum(NULL);
	}
	check_tables(firing);

	begin_keep(&keep);
	hooks_doomed_walk(firing, note_row, &keep);
	write_all(firing, &keep);
	return PointerGetDatum(NULL);
}

PG_FUNCTION_INFO_V1(hooks_purge_kept);

/*
 * hooks.purge_kept(older_than interval) returns bigint
 *
 * Forgets the cascades that are older; returns their number.  Runs with the
 * rights of the caller, who needs DELETE on both tables.
 */
Datum
hooks_purge_kept(PG_FUNCTION_ARGS)
{
	Oid			types[] = {INTERVALOID};
	Datum		values[1];
	bool		isnull;
	Datum		count;

	hooks_argument_require(fcinfo, 0);
	PreventCommandIfReadOnly("hooks.purge_kept()");
	values[0] = PG_GETARG_DATUM(0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	/* wait for sessions that restore */
	LockRelationOid(hooks_own_relation("kept", RELKIND_RELATION),
					ShareUpdateExclusiveLock);
	if (SPI_execute_with_args("WITH gone AS (DELETE FROM hooks.kept"
							  " WHERE kept_at OPERATOR(pg_catalog.<)"
							  " (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) $1)"
							  " RETURNING kept_id),"
							  " gone_rows AS (DELETE FROM hooks.kept_row r USING gone g"
							  " WHERE r.kept_id OPERATOR(pg_catalog.=) g.kept_id)"
							  " SELECT pg_catalog.count(*) FROM gone",
							  1, types, values, NULL, false, 0) !=
		SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not purge kept cascades");
	count =
		SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
					  &isnull);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	PG_RETURN_DATUM(count);
}
