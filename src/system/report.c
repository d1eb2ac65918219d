/*
 * report.c
 *		The SQL API that tells what is registered: hooks.chain().
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "base/ancestors.h"
#include "base/argument.h"
#include "base/glance.h"
#include "base/result.h"
#include "base/settings.h"
#include "cascade/switched.h"
#include "firing/chain.h"
#include "registry/attach.h"
#include "registry/callback.h"
#include "registry/condition.h"
#include "registry/filter.h"
#include "registry/scope.h"
#include "registry/watch.h"

/* columns of hooks.chain(), as in the install script */
#define CHAIN_COLUMNS 12

/*
 * Tells of triggers that somebody dropped or disabled, and of hooks that are
 * damaged.
 */
static void
tell_problems(Oid relid, const HookRelation *relation)
{
	List	   *problems =
		list_concat(hooks_attach_problems(relid, "is", true),
					relation->problems);
	ListCell   *lc;

	foreach(lc, hooks_watch_disabled())
	{
		problems = lappend(problems,
						   psprintf("event trigger \"%s\" is not enabled always",
									(char *) lfirst(lc)));
	}
	hooks_switched_report_table(relid);
	foreach(lc, problems)
	{
		ereport(WARNING,
				(errcode(ERRCODE_HOOK_ERROR),
				 errmsg("%s", (char *) lfirst(lc)),
				 errhint("Call hooks.repair().")));
	}
}

/*
 * Tells of hooks that would be in the chains, were they enabled.
 */
static void
report_disabled(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	ListCell   *lc;

	foreach(lc, hooks_scope_reach(relid, hooks_ancestors_of(relid), NULL))
	{
		const HookReach *reach = lfirst(lc);
		bool		wanted = false;

		CHECK_FOR_INTERRUPTS();
		if (reach->hook->enabled)
			continue;
		for (int e = 0; e < HOOK_EVENTS; e++)
			wanted |= hooks_scope_wants(reach, &hooks_events[e]);
		if (wanted)
			ereport(NOTICE,
					(errmsg(reach->hook->quarantined ?
							"hook \"%s\" is in quarantine" :
							"hook \"%s\" is disabled", reach->hook->name)));
	}
}

/*
 * Adds a hook, as it stands in a chain.
 */
static void
report_hook(const Hook *hook, const HookEvent *event, HookAction action,
			int position, TupleDesc desc, Tuplestorestate *rows)
{
	bool		by_owner = hook->run_as == HOOK_AS_OWNER;
	char	   *condition = hooks_condition_text(hook->relation,
												 hook->condition);
	const char *role = by_owner ?
		GetUserNameFromId(hook->owner, true) : NULL;
	const char *word;
	Datum		values[CHAIN_COLUMNS];
	bool		nulls[CHAIN_COLUMNS] = {false};
	int			c = 0;

	values[c++] =
		CStringGetTextDatum(hooks_word_of_phase(event->phase));
	values[c++] =
		CStringGetTextDatum(hooks_word_of_action(action));
	values[c] =
		hooks_result_text(hooks_word_of_level(event->level),
						  &nulls[c]);
	c++;
	values[c++] = Int32GetDatum(position);
	values[c++] = CStringGetTextDatum(hook->name);
	values[c++] =
		CStringGetTextDatum(hooks_callback_text(hook->callback));
	values[c] = hooks_result_name(role, &nulls[c]);
	c++;
	values[c++] =
		CStringGetTextDatum(hooks_word_of_policy(hook->policy));
	values[c] = hooks_result_text(condition, &nulls[c]);
	c++;
	nulls[c] = hook->columns == NIL;
	values[c++] =
		PointerGetDatum(hooks_hook_column_names(hook, hook->columns));
	values[c++] =
		CStringGetTextDatum(hooks_word_of_fire(hook->fire));
	word = hooks_word_of_activation(hook->activation);
	values[c++] = CStringGetTextDatum(word);
	Assert(c == CHAIN_COLUMNS);
	tuplestore_putvalues(rows, desc, values, nulls);
}

/*
 * Adds the filters of a table, and tells if they do nothing.
 */
static void
report_filters(Oid relid, TupleDesc desc, Tuplestorestate *rows)
{
	List	   *filters = hooks_filter_of_relation(relid);
	ListCell   *lc;

	foreach(lc, filters)
	{
		const HookFilter *filter = lfirst(lc);
		Datum		values[CHAIN_COLUMNS] = {0};
		bool		nulls[CHAIN_COLUMNS];

		memset(nulls, true, sizeof(nulls));
		values[0] = CStringGetTextDatum("filter");
		values[1] = CStringGetTextDatum("all");
		values[2] = CStringGetTextDatum("row");
		values[3] = Int32GetDatum(foreach_current_index(lc) + 1);
		values[4] = CStringGetTextDatum(filter->name);
		memset(nulls, false, sizeof(bool) * 5);
		values[8] = hooks_result_text(hooks_filter_text(filter), &nulls[8]);
		tuplestore_putvalues(rows, desc, values, nulls);
	}
	if (filters != NIL && !hooks_filter_is_on(relid))
		ereport(WARNING,
				(errcode(ERRCODE_HOOK_ERROR),
				 errmsg("row-level security of table \"%s\" is not enabled",
						get_rel_name(relid)),
				 errdetail("Its filters do nothing.")));
}

PG_FUNCTION_INFO_V1(hooks_chain);

/*
 * hooks.chain(relation regclass) returns setof record
 *
 * The enabled hooks of a table, by event and in firing order, with those of
 * the partitioned tables above it where rows of the table fire them; then the
 * filters.  A NOTICE tells of those that are disabled.  42P01.
 */
Datum
hooks_chain(PG_FUNCTION_ARGS)
{
	Relation	rel;
	HookRelation *relation;
	TupleDesc	desc;
	Tuplestorestate *rows;
	HookGlance	glance;

	hooks_argument_require(fcinfo, 0);
	rows = hooks_result_begin(fcinfo, &desc);
	hooks_glance_begin(&glance);
	rel = try_relation_open(PG_GETARG_OID(0), AccessShareLock);
	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist",
						PG_GETARG_OID(0))));
	relation = hooks_chain_pin(RelationGetRelid(rel));
	tell_problems(RelationGetRelid(rel), relation);
	report_disabled(rel);
	for (int e = 0; e < HOOK_EVENTS; e++)
	{
		const HookEvent *event = &hooks_events[e];
		const HookChain *chain = hooks_chain_of(relation, event);
		int			position = 0;

		for (int i = 0; i < chain->length; i++)
		{
			const Hook *hook = chain->members[i]->hook;
			HookAction	told[2];
			int			n = hooks_event_told(event, hook->actions, told);

			/* put and name have events of both, and are told of once */
			for (int j = 0; j < n; j++)
				if ((told[j] & (HOOK_PUT | HOOK_NAME)) == 0 ||
					event->action == HOOK_INSERT)
					report_hook(hook, event, told[j], ++position, desc, rows);
		}
	}
	hooks_chain_unpin(relation);
	report_filters(RelationGetRelid(rel), desc, rows);
	relation_close(rel, AccessShareLock);
	hooks_glance_end(&glance);
	return (Datum) 0;
}
