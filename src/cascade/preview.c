/*
 * preview.c
 *		The SQL API that tells what would happen: preview_delete() and
 *		preview_truncate().
 *
 * Both read as their caller and change nothing.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteDefine.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "base/ancestors.h"
#include "base/argument.h"
#include "base/compat.h"
#include "base/expression.h"
#include "base/result.h"
#include "base/rights.h"
#include "cascade/cascade.h"
#include "cascade/emptied.h"
#include "cascade/switched.h"
#include "firing/forecast.h"

/* columns of the previews, as in the install script */
#define PREVIEW_COLUMNS 7

/*
 * Adds a row to a preview.
 */
static void
put_count(Tuplestorestate *rows, TupleDesc desc, int depth, Oid relation,
		  const HookForeignKey *key, const char *action, int64 count,
		  bool capped, List *hooks)
{
	Datum		values[PREVIEW_COLUMNS];
	bool		nulls[PREVIEW_COLUMNS] = {false};

	values[0] = Int32GetDatum(depth);
	values[1] = ObjectIdGetDatum(relation);
	values[2] = hooks_result_name(key == NULL ? NULL : key->name, &nulls[2]);
	values[3] = CStringGetTextDatum(action);
	values[4] = Int64GetDatum(count);
	values[5] = BoolGetDatum(capped);
	values[6] = PointerGetDatum(hooks_forecast_array(hooks));
	tuplestore_putvalues(rows, desc, values, nulls);
}

/*
 * Does a step change columns to which foreign keys can refer?
 */
static bool
changes_referenced(const HookStep *step)
{
	ListCell   *leaf;
	ListCell   *way;

	foreach(leaf, step->table->leaves)
	{
		foreach(way, ((HookLeaf *) lfirst(leaf))->updates)
		{
			if (bms_overlap(((HookWay *) lfirst(way))->columns, step->touched))
				return true;
		}
	}
	return false;
}

static List *
hooks_of_count(const HookCascadeCount *count)
{
	if (count->effect == HOOK_EFFECT_BLOCKED)
		return NIL;
	if (count->effect == HOOK_EFFECT_DELETE)
		return hooks_forecast_hooks(HOOK_DELETE, count->relation,
									count->relids,
									NULL, false);
	return hooks_forecast_hooks(HOOK_UPDATE, count->relation, count->relids,
								count->columns,
								changes_referenced(count->step));
}

/*
 * Reports the foreign keys without an index, for which the delete would have
 * to scan whole tables.
 */
static void
report_missing_indexes(const HookRoute *route)
{
	List	   *reported = NIL;
	ListCell   *lc;

	foreach(lc, route->steps)
	{
		const HookStep *step = lfirst(lc);
		const HookForeignKey *key = step->key;

		if (!step->taken || step->recheck ||
			list_member_ptr(reported, key) ||
			OidIsValid(hooks_graph_index(key)))
			continue;
		reported = lappend(reported, (void *) key);
		ereport(NOTICE,
				(errmsg("foreign key \"%s\" of table \"%s\" has no index",
						key->name, get_rel_name(key->referencing)),
				 errdetail("A DELETE scans all of table \"%s\" for each row of \"%s\" that it removes.",
						   get_rel_name(key->referencing),
						   get_rel_name(key->referenced))));
	}
}

/*
 * Does a change set a column to NULL that must not be?
 */
static bool
sets_not_null(const HookCascadeCount *count)
{
	Relation	rel = table_open(count->relation, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	int			attnum = -1;
	bool		found = false;

	while ((attnum = bms_next_member(count->columns, attnum)) >= 0)
		found |= TupleDescAttr(desc, attnum - 1)->attnotnull;
	table_close(rel, NoLock);
	return found;
}

static const char *
action_word(const HookCascadeCount *count)
{
	switch (count->effect)
	{
		case HOOK_EFFECT_DELETE:
			return "delete";
		case HOOK_EFFECT_SET_NULL:
			return sets_not_null(count) ? "blocked" : "set null";
		case HOOK_EFFECT_SET_DEFAULT:
			return "set default";
		default:
			return count->late ? "blocked at commit" : "blocked";
	}
}

/*
 * Has a table an enabled BEFORE DELETE trigger that is not ours?
 */
static bool
has_before_delete(Relation rel)
{
	const TriggerDesc *triggers = rel->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (TRIGGER_FOR_DELETE(trigger->tgtype) &&
			TRIGGER_FOR_BEFORE(trigger->tgtype) &&
			!hooks_switched_off(trigger) &&
			hooks_event_by_trigger(trigger->tgname) == NULL)
			return true;
	}
	return false;
}

static bool
has_delete_rule(Relation rel)
{
	for (int i = 0; rel->rd_rules != NULL && i < rel->rd_rules->numLocks; i++)
	{
		if (rel->rd_rules->rules[i]->event == CMD_DELETE &&
			rel->rd_rules->rules[i]->enabled != RULE_DISABLED)
			return true;
	}
	return false;
}

/*
 * Reports the tables whose triggers or rules may keep rows that are counted,
 * or change more.
 */
static void
report_code(List *counts)
{
	List	   *reported = NIL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, counts)
	{
		const HookCascadeCount *count = lfirst(lc);

		if (count->effect != HOOK_EFFECT_DELETE || count->rows == 0)
			continue;
		foreach(cell, list_append_unique_oid(list_copy(count->relids),
											 count->relation))
		{
			Relation	rel = table_open(lfirst_oid(cell), AccessShareLock);
			bool		triggers = has_before_delete(rel);
			bool		rules = has_delete_rule(rel);

			table_close(rel, NoLock);
			if ((!triggers && !rules) ||
				list_member_oid(reported, lfirst_oid(cell)))
				continue;
			reported = lappend_oid(reported, lfirst_oid(cell));
			ereport(NOTICE,
					(errmsg("table \"%s\" has %s, which may change what a DELETE does",
							get_rel_name(lfirst_oid(cell)),
							triggers && rules ?
							"BEFORE DELETE triggers and rules" :
							triggers ? "BEFORE DELETE triggers" :
							"rules on DELETE")));
		}
	}
}

PG_FUNCTION_INFO_V1(hooks_preview_delete);

/*
 * hooks.preview_delete(relation regclass, condition text, max_rows bigint)
 *		returns setof record
 *
 * What a DELETE of the rows that the condition selects would remove, change or
 * be stopped by.  Errors: those of hooks_forecast_relation(), of
 * hooks_rights_check_read() and of the condition; 22023.
 */
Datum
hooks_preview_delete(PG_FUNCTION_ARGS)
{
	Oid			relid = hooks_forecast_relation(fcinfo);
	const char *condition = hooks_argument_optional_text(fcinfo, 1);
	int64		max_rows = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT64(2);
	TupleDesc	desc;
	Tuplestorestate *rows;
	HookWalk   *walk;
	HookRoute  *route;
	List	   *tables = list_make1_oid(relid);
	ListCell   *lc;

	if (!PG_ARGISNULL(2) && max_rows <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"max_rows\" must be greater than zero")));
	if (condition != NULL)
		(void) hooks_expression_parse(condition, "condition");
	rows = hooks_result_begin(fcinfo, &desc);

	/* DELETE on a parent table deletes rows of its children, too */
	if (get_rel_relkind(relid) == RELKIND_RELATION)
		tables = hooks_ancestors_below(relid, AccessShareLock);
	walk = hooks_cascade_begin(tables, InvalidOid, max_rows, NULL, NULL);
	route = hooks_cascade_route(walk);
	foreach(lc, route->tables)
	{
		hooks_rights_check_read(((HookTable *) lfirst(lc))->relid);
	}
	/* the tables to which changed rows refer are read, too */
	foreach(lc, route->steps)
	{
		const HookStep *step = lfirst(lc);

		if (step->recheck)
			hooks_rights_check_read(step->key->referenced);
	}
	hooks_cascade_select(walk, relid, list_length(tables) > 1, condition);
	hooks_cascade_run(walk);

	foreach(lc, hooks_cascade_counts(walk))
	{
		const HookCascadeCount *count = lfirst(lc);

		if (count->late)
			ereport(NOTICE,
					(errmsg("foreign key \"%s\" of table \"%s\" is deferred: it would stop COMMIT",
							count->key->name, get_rel_name(count->relation)),
					 errdetail_plural("%lld row would refer to rows that are gone.",
									  "%lld rows would refer to rows that are gone.",
									  (unsigned long) count->rows,
									  (long long) count->rows)));
		if (count->rows > 0 || count->depth == 0)
			put_count(rows, desc, count->depth, count->relation, count->key,
					  action_word(count), count->rows, count->capped,
					  hooks_of_count(count));
	}
	report_missing_indexes(route);
	report_code(hooks_cascade_counts(walk));
	hooks_switched_report(route->off);
	hooks_cascade_end(walk);
	return (Datum) 0;
}

/*
 * Counts the rows that a table itself holds.  This is no query: planning one
 * may call functions of the table's owner as the current user.
 */
static int64
count_table(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TableScanDesc scan = hooks_table_beginscan(rel, GetActiveSnapshot());
	int64		count = 0;

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		count++;
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);
	return count;
}

PG_FUNCTION_INFO_V1(hooks_preview_truncate);

/*
 * hooks.preview_truncate(relation regclass) returns setof record
 *
 * What TRUNCATE ... CASCADE would empty; a table with its partitions is one.
 * Errors: those of hooks_forecast_relation() and hooks_rights_check_read().
 */
Datum
hooks_preview_truncate(PG_FUNCTION_ARGS)
{
	Oid			relid = hooks_forecast_relation(fcinfo);
	List	   *counted = NIL;
	TupleDesc	desc;
	Tuplestorestate *rows = hooks_result_begin(fcinfo, &desc);
	List	   *tables =
		hooks_emptied_tables(hooks_graph_pin(CurrentMemoryContext), relid);
	ListCell   *lc;

	foreach(lc, tables)
	{
		const HookTruncated *table = lfirst(lc);

		/* each partition is read by its own name */
		hooks_rights_check_read(table->relid);
	}
	foreach(lc, tables)
	{
		const HookTruncated *table = lfirst(lc);
		List	   *emptied = NIL;
		int64		count = 0;
		ListCell   *cell;

		if (list_member_oid(counted, table->relid))
			continue;
		foreach(cell, hooks_ancestors_below(table->relid, NoLock))
		{
			if (list_member_oid(counted, lfirst_oid(cell)) ||
				!hooks_emptied_has(tables, lfirst_oid(cell)))
				continue;
			emptied = lappend_oid(emptied, lfirst_oid(cell));
			if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_RELATION)
				count += count_table(lfirst_oid(cell));
		}
		counted = list_concat(counted, emptied);
		put_count(rows, desc, table->depth, table->relid, table->key,
				  "truncate",
				  count, false, hooks_forecast_truncate(emptied));
	}
	return (Datum) 0;
}
