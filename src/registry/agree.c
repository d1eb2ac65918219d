/*
 * agree.c
 *		Which words of a registration go together, and what they leave.
 *
 * Of the objects that are named only the callback's result type counts here.
 * 42P17 is what makes no sense.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/preload.h"
#include "registry/agree.h"
#include "registry/callback.h"

/*
 * Leaves out other actions; 42P17 if no action is left.
 */
static void
keep_actions(Hook *hook, const HookArguments *given, int actions)
{
	hook->actions &= actions;
	if (hook->actions != 0)
		return;
	if (given->level == NULL)
		hooks_refuse(errmsg("phase \"%s\" has no action of \"%s\"",
							hooks_word_of_phase(hook->phase), given->action));
	hooks_refuse(errmsg("phase \"%s\" has no action of \"%s\" at level \"%s\"",
						hooks_word_of_phase(hook->phase), given->action,
						given->level));
}

static void
check_name_and_columns(const Hook *hook, const HookArguments *given, int named)
{
	if ((named & HOOK_NAME) && hook->actions != HOOK_NAME)
		hooks_refuse(errmsg("action \"name\" cannot be combined with other actions"));
	if ((hook->actions & HOOK_NAME) && given->columns == NULL)
		hooks_refuse(errmsg("action \"name\" needs columns"),
					 errhint("Pass the columns that are the name; the hook fires once when all of them become non-null."));
	if (given->columns != NULL && !(hook->actions & (HOOK_UPDATE | HOOK_NAME)))
		hooks_refuse(errmsg("columns are for the actions \"update\" and \"name\""));
}

/*
 * A statement that failed has no rows.  55000 where nobody would see it fail.
 */
static void
check_on_failure(const HookArguments *given)
{
	if (given->columns != NULL)
		hooks_refuse(errmsg("phase \"on_failure\" has no columns"));
	if (given->condition != NULL)
		hooks_refuse(errmsg("phase \"on_failure\" has no condition"),
					 errdetail("A statement that failed has no rows."),
					 errhint("Let the callback look at the event."));
	hooks_preload_require_shared("phase \"on_failure\"");
}

/*
 * A hook on startup is on no table.
 */
static void
check_startup(const Hook *hook, const HookArguments *given)
{
	if (!given->wide)
		hooks_refuse(errmsg("phase \"startup\" has no relation"),
					 errhint("Pass NULL as the relation."));
	if (given->schema != NULL)
		hooks_refuse(errmsg("phase \"startup\" has no schema"));
	if (given->columns != NULL)
		hooks_refuse(errmsg("phase \"startup\" has no columns"));
	if (given->condition != NULL)
		hooks_refuse(errmsg("phase \"startup\" has no condition"),
					 errhint("Let the callback look at the event."));
}

/*
 * What goes together with a phase that has no level.
 */
static void
check_without_level(Hook *hook, const HookArguments *given, int named)
{
	const char *phase = hooks_word_of_phase(hook->phase);
	int			possible = hooks_event_actions(hook->phase, HOOK_NO_LEVEL);

	if (given->level != NULL)
		hooks_refuse(errmsg("phase \"%s\" has no level \"%s\"", phase,
							given->level),
					 errhint(hook->phase == HOOK_BEFORE_COMMIT ?
							 "It fires once for the transaction; leave the level out." :
							 hook->phase == HOOK_ON_FAILURE ?
							 "It is about a statement that failed; leave the level out." :
							 hook->phase == HOOK_STARTUP ?
							 "It is about no statement; leave the level out." :
							 "It is about all rows of a statement; leave the level out."));
	if (named & ~possible)
		hooks_refuse(errmsg("phase \"%s\" has no action \"%s\"", phase,
							hooks_word_action_list(named & ~possible)),
					 hook->phase == HOOK_STARTUP ?
					 errhint("Its actions are session and server.") : 0);
	keep_actions(hook, given, possible);
	if (hook->phase == HOOK_STARTUP)
		check_startup(hook, given);
	check_name_and_columns(hook, given, named);
	if (hook->phase == HOOK_ON_FAILURE)
		check_on_failure(given);
	if (hook->run_as == HOOK_AS_INVOKER &&
		hook->phase != HOOK_BEFORE_COMMIT && hook->actions != HOOK_SESSION)
		hooks_refuse(errmsg("phase \"%s\" has no run_as \"invoker\"", phase),
					 errdetail("The callback runs in a session of the hook's owner."));
}

/*
 * Refuses actions, asked for by name, that the phase or level does not have.
 */
static void
check_named(const Hook *hook, int named)
{
	int			cascading = hooks_event_actions(HOOK_BEFORE_CASCADE,
												HOOK_STATEMENT);
	int			without_row = named & hooks_word_jsonb_actions();

	if (named & HOOK_ON_STARTUP)
		hooks_refuse(errmsg("phase \"%s\" has no action \"%s\"",
							hooks_word_of_phase(hook->phase),
							hooks_word_action_list(named & HOOK_ON_STARTUP)),
					 errhint("It is for phase startup."));
	if (hook->phase == HOOK_BEFORE_CASCADE)
	{
		if (hook->level == HOOK_ROW)
			hooks_refuse(errmsg("phase \"before_cascade\" has no level \"row\""),
						 errhint("It fires once for the whole set of rows; the rows are in old_table."));
		if (named & ~cascading)
			hooks_refuse(errmsg("phase \"before_cascade\" has no action \"%s\"",
								hooks_word_action_list(named & ~cascading)),
						 errhint("Its actions are delete, update, truncate and drop."));
	}
	if (hook->phase == HOOK_BEFORE_CLOSURE)
	{
		if (hook->level == HOOK_ROW)
			hooks_refuse(errmsg("phase \"before_closure\" has no level \"row\""),
						 errhint("It fires once for the whole set of rows; the rows are in old_table."));
		if (named & ~HOOK_DELETE)
			hooks_refuse(errmsg("phase \"before_closure\" has no action \"%s\"",
								hooks_word_action_list(named & ~HOOK_DELETE)),
						 errhint("Its action is delete."));
	}
	if ((named & HOOK_DROP) && hook->phase == HOOK_AFTER)
		hooks_refuse(errmsg("phase \"after\" has no action \"drop\""),
					 errhint("Use phase before or before_cascade, while the relation is still there."));
	if (without_row != 0 && hook->level == HOOK_ROW)
		hooks_refuse(errmsg("action \"%s\" has no level \"row\"",
							hooks_word_action_list(without_row)));
	if (hooks_word_mixes_shapes(hook->phase, named))
		hooks_refuse(errmsg(pg_popcount32(without_row) == 1 ?
							"action \"%s\" cannot be combined with other actions" :
							"actions \"%s\" cannot be combined with other actions",
							hooks_word_action_list(without_row)),
					 pg_popcount32(without_row) == 1 ?
					 errdetail("Its callback is no trigger function, but takes the event as jsonb.") :
					 errdetail("Their callback is no trigger function, but takes the event as jsonb."));
	if ((named & HOOK_NAME) && hook->level == HOOK_STATEMENT)
		hooks_refuse(errmsg("action \"name\" has no level \"statement\""));
}

/*
 * A group can have actions of both shapes of callbacks: then it means those of
 * one shape, that of the actions which are named beside it, or that which the
 * callback has.
 */
static void
choose_shape(Hook *hook, const HookArguments *given, int named)
{
	int			jsonb = hooks_word_jsonb_actions();
	bool		takes_jsonb;

	if (!hooks_word_mixes_shapes(hook->phase, hook->actions))
		return;
	takes_jsonb = named != 0 ? (named & jsonb) != 0 :
		hooks_callback_takes_jsonb(given->callback);
	keep_actions(hook, given, takes_jsonb ? jsonb : ~jsonb);
}

/*
 * Which phases, actions and levels go together, and their defaults.
 */
void
hooks_agree_event(Hook *hook, const HookArguments *given, int named)
{
	int			rows = hooks_event_actions(hook->phase, HOOK_ROW);
	int			statements = hooks_event_actions(hook->phase, HOOK_STATEMENT);

	/* of groups, "lifecycle" has names, if it is told of which columns */
	if (given->columns == NULL || (hook->actions & HOOK_UPDATE) ||
		!hooks_event_has_level(hook->phase))
		hook->actions &= ~HOOK_NAME | named;
	if (!hooks_event_has_level(hook->phase))
	{
		check_without_level(hook, given, named);
		return;
	}
	check_named(hook, named);
	keep_actions(hook, given, named |
				 (hook->level == HOOK_ROW ? rows :
				  hook->level == HOOK_STATEMENT ? statements :
				  rows | statements));
	choose_shape(hook, given, named);
	if (hook->level == HOOK_NO_LEVEL)
		hook->level = (hook->actions & rows) != 0 ? HOOK_ROW : HOOK_STATEMENT;
	if (hook->level == HOOK_ROW && (named & HOOK_TRUNCATE))
		hooks_refuse(errmsg("action \"truncate\" has no level \"row\""),
					 errhint("TRUNCATE does not look at rows; register it with level => 'statement'."));
	keep_actions(hook, given,
				 hook->level == HOOK_ROW ? rows : statements);
	check_name_and_columns(hook, given, named);
}

static bool
is_longer(Interval *a, Interval *b)
{
	return DatumGetInt32(DirectFunctionCall2(interval_cmp,
											 IntervalPGetDatum(a),
											 IntervalPGetDatum(b))) > 0;
}

/*
 * 22023 for what can only be a mistake.  Whoever writes 200 and means
 * milliseconds, as for parameters of PostgreSQL, is told that it is seconds.
 */
static void
check_timeout(Hook *hook)
{
	Interval	zero = {0};
	Interval	day = {.day = 1};
	Interval	minute = {.time = USECS_PER_MINUTE};

	if (!is_longer(hook->timeout, &zero))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeout of a hook must be greater than zero")));
	if (is_longer(hook->timeout, &day))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeout of a hook must not be longer than a day")));
	if (is_longer(hook->timeout, &minute))
	{
		Datum		interval = IntervalPGetDatum(hook->timeout);
		Datum		written = DirectFunctionCall1(interval_out, interval);

		ereport(NOTICE,
				(errmsg("timeout of hook \"%s\" is %s", hook->name,
						DatumGetCString(written)),
				 errhint("An interval without a unit is in seconds.")));
	}
}

/*
 * Whether the policy, max_attempts and timeout go with the phase.
 */
void
hooks_agree_policy(Hook *hook)
{
	if (!hooks_event_allows_policy(hook->phase, hook->policy))
		hooks_refuse(errmsg("phase \"%s\" has no on_error policy \"%s\"",
							hooks_word_of_phase(hook->phase),
							hooks_word_of_policy(hook->policy)),
					 hook->policy == HOOK_ABORT ?
					 errhint(hook->phase == HOOK_ON_FAILURE ?
							 "The statement has failed already. Use isolate or quarantine." :
							 "What is committed cannot be aborted. Use retry, isolate or quarantine.") :
					 errhint(hook->phase == HOOK_STARTUP ?
							 "Its policies are isolate and abort." :
							 "Policy retry is for phase after_commit."));
	if (hook->max_attempts != 0 && hook->policy != HOOK_RETRY)
		hooks_refuse(errmsg("max_attempts is for policy \"retry\" of phase \"after_commit\""));
	if (hook->timeout != NULL)
		check_timeout(hook);
}
