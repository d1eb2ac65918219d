/*
 * forecast.c
 *		What the functions that look ahead have in common: the table they are
 *		asked about, and the hooks that an action on it would fire.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/catalog.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/argument.h"
#include "firing/fire.h"
#include "firing/forecast.h"

/*
 * The table that the first argument of a function names, a regclass: 22004
 * for NULL, 42P01 if it does not exist, 42809 if it cannot lose rows, or is
 * the system's.  Locked as by SELECT.
 */
Oid
hooks_forecast_relation(FunctionCallInfo fcinfo)
{
	Relation	rel;
	Oid			relid;

	hooks_argument_require(fcinfo, 0);
	relid = PG_GETARG_OID(0);
	rel = try_relation_open(relid, AccessShareLock);
	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (rel->rd_rel->relkind != RELKIND_RELATION &&
		rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table",
						RelationGetRelationName(rel))));
	if (IsSystemRelation(rel))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is a system catalog",
						RelationGetRelationName(rel))));
	relation_close(rel, NoLock);
	return relid;
}

/*
 * Does a statement that assigns these columns of a relation fire a hook of
 * certain columns?  By name, as partitions have numbers of their own.
 */
static bool
assigns(const Hook *hook, Oid relation, const Bitmapset *columns)
{
	ListCell   *lc;

	foreach(lc, hook->columns)
	{
		const char *name = get_attname(hook->relation, lfirst_int(lc), false);

		if (bms_is_member(Max(get_attnum(relation, name), 0), columns))
			return true;
	}
	return hook->columns == NIL;
}

/*
 * Adds the names of the hooks of an event on some tables, in firing order.
 */
static List *
add_hooks(List *names, const HookEvent *event, List *relids, Oid relation,
		  const Bitmapset *columns)
{
	HookRun    *run = hooks_fire_prepare(event, relids, CurrentMemoryContext);

	for (int i = 0; i < run->length; i++)
	{
		const HookCall *call = &run->calls[i];
		const Hook *hook = call->member->hook;

		if (call->action == event->action && !hooks_fire_is_left_out(call) &&
			(event->action != HOOK_UPDATE || assigns(hook, relation, columns)))
			names = lappend(names, pstrdup(hook->name));
	}
	return names;
}

/*
 * The hooks that an action on rows of some tables, by a statement that names
 * the relation, would fire, by name: those in force, whatever their
 * conditions.  An update assigns columns, which are or are not referred to by
 * other foreign keys.
 */
List *
hooks_forecast_hooks(HookAction action, Oid relation, List *relids,
					 const Bitmapset *columns, bool referenced)
{
	List	   *names = NIL;
	ListCell   *lc;

	Assert(OidIsValid(relation));
	/* BEFORE STATEMENT comes before BEFORE ROW; the others are in order */
	for (int i = 0; i < 2 * HOOK_EVENTS && !hooks_settings_kill_switch(); i++)
	{
		const HookEvent *event = &hooks_events[i % HOOK_EVENTS];
		bool		first = event->phase == HOOK_BEFORE &&
			event->level == HOOK_STATEMENT;
		List	   *tables = list_make1_oid(relation);

		if (event->action != action || event->phase == HOOK_ON_FAILURE ||
			first != (i < HOOK_EVENTS) ||
			(action == HOOK_UPDATE && hooks_event_captures(event) &&
			 !referenced))
			continue;
		if (hooks_event_of_rows(event))
			tables = list_copy(relids);
		if (hooks_event_captures(event))
			foreach(lc, relids)
		{
			HookRelation *pinned = hooks_chain_pin(lfirst_oid(lc));

			tables = list_concat_unique_oid(tables, pinned->ancestors);
			hooks_chain_unpin(pinned);
		}
		names = add_hooks(names, event, tables, relation, columns);
	}
	return names;
}

/*
 * Names that are not among others, in their order.
 */
static List *
add_new(List *names, List *more)
{
	ListCell   *lc;

	foreach(lc, more)
	{
		ListCell   *cell;
		bool		found = false;

		foreach(cell, names)
		{
			found |= strcmp(lfirst(cell), lfirst(lc)) == 0;
		}
		if (!found)
			names = lappend(names, lfirst(lc));
	}
	return names;
}

static List *
add_truncate(List *names, HookPhase phase, HookLevel level, List *relids)
{
	const HookEvent *event = hooks_event_find(phase, level, HOOK_TRUNCATE);

	return add_new(names, add_hooks(NIL, event, relids, InvalidOid, NULL));
}

/*
 * The hooks that a TRUNCATE of some tables would fire, by name.  PostgreSQL
 * fires the triggers of one table after the other, first all that come before.
 * A wide hook that covers several of them is told once.
 */
List *
hooks_forecast_truncate(List *relids)
{
	List	   *names = NIL;
	ListCell   *lc;

	if (hooks_settings_kill_switch())
		return NIL;
	foreach(lc, relids)
	{
		List	   *table = list_make1_oid(lfirst_oid(lc));

		names = add_truncate(names, HOOK_BEFORE, HOOK_STATEMENT, table);
		names = add_truncate(names, HOOK_BEFORE_CASCADE, HOOK_STATEMENT,
							 table);
	}
	foreach(lc, relids)
	{
		names = add_truncate(names, HOOK_AFTER, HOOK_STATEMENT,
							 list_make1_oid(lfirst_oid(lc)));
	}
	names = add_truncate(names, HOOK_BEFORE_COMMIT, HOOK_NO_LEVEL, relids);
	return add_truncate(names, HOOK_AFTER_COMMIT, HOOK_NO_LEVEL, relids);
}

/*
 * Names as text[].
 */
ArrayType *
hooks_forecast_array(List *names)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(names), 1));
	int			n = 0;
	ListCell   *lc;

	foreach(lc, names)
	{
		elements[n++] = CStringGetTextDatum((char *) lfirst(lc));
	}
	return construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT);
}
