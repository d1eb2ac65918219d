/*
 * ready_check.c
 *		What the ready callbacks can be registered for, with which arguments.
 *
 * They say no when they are called where they cannot work.  To say it when
 * they are registered is better.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_proc.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/own.h"
#include "registry/rate.h"
#include "registry/ready_check.h"
#include "registry/stamp.h"

/*
 * 22023: an argument that the callback cannot use.
 */
#define refuse_argument(...) \
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), __VA_ARGS__))

/*
 * The arguments from "first" on are columns of the table: 42703.  Of a hook on
 * many tables (no rel) that cannot be said.
 */
static void
check_columns(Relation rel, char **arguments, int n, int first)
{
	for (int i = first; i < n && rel != NULL; i++)
		if (get_attnum(RelationGetRelid(rel), arguments[i]) <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							arguments[i], RelationGetRelationName(rel)),
					 errhint("These arguments of the hook are columns to leave out.")));
}

/*
 * How long rows are kept: 22007 if it is no interval.
 */
static void
check_keep(Relation rel, char **arguments, int n)
{
	Interval	nothing = {0};
	Datum		zero = IntervalPGetDatum(&nothing);
	Datum		interval;

	if (n > 1)
		refuse_argument(errmsg("hooks.keep takes one argument at most"),
						errdetail("It is an interval, for which what is removed is kept."));
	if (n == 0)
		return;
	interval = DirectFunctionCall3(interval_in, CStringGetDatum(arguments[0]),
								   ObjectIdGetDatum(InvalidOid),
								   Int32GetDatum(-1));
	if (DatumGetInt32(DirectFunctionCall2(interval_cmp, interval, zero)) <= 0)
		refuse_argument(errmsg("the time for which hooks.keep keeps must be greater than zero"));
	/* too far away: 22008 */
	(void) DirectFunctionCall2(timestamptz_pl_interval,
							   TimestampTzGetDatum(GetCurrentTimestamp()),
							   interval);
}

static void
check_stream(Relation rel, char **arguments, int n)
{
	if (n > 0 && arguments[0][0] == '\0')
		refuse_argument(errmsg("prefix of messages cannot be empty"));
	check_columns(rel, arguments, n, 1);
	if (wal_level < HOOKS_LEVEL_TO_DECODE)
		ereport(NOTICE,
				(errmsg("nothing can read what hooks.stream writes while \"wal_level\" is below \"logical\""),
				 errhint("Set \"wal_level\" to \"logical\", and restart the server.")));
}

static void
check_notify(Relation rel, char **arguments, int n)
{
	if (n > 0 && arguments[0][0] == '\0')
		refuse_argument(errmsg("channel name cannot be empty"));
	if (n > 0 && strlen(arguments[0]) >= NAMEDATALEN)
		refuse_argument(errmsg("channel name too long"),
						errdetail("A channel has at most %d bytes.",
								  NAMEDATALEN - 1));
	check_columns(rel, arguments, n, 1);
}

static void
check_audit(Relation rel, char **arguments, int n)
{
	check_columns(rel, arguments, n, 0);
}

static void
check_rate_limit(Relation rel, char **arguments, int n)
{
	hooks_rate_check(arguments, n);
}

/*
 * hooks.native is for whatever has a trigger function.
 */
static void
check_native(const Hook *hook)
{
	if (ARR_NDIM(hook->arguments) == 0)
		refuse_argument(errmsg("hooks.native needs the name of a callback as its argument"));
}

/* The ready callbacks: where each is of use */
static const struct
{
	const char *name;
	HookPhase	phases[2];		/* one, or one of two */
	int			actions;		/* 0: any that the phase has */
	void		(*check) (Relation rel, char **arguments, int n);
}			ready[] =

{
	{"keep", {HOOK_BEFORE_CASCADE, HOOK_BEFORE_CLOSURE}, HOOK_DELETE,
	check_keep},
	{"stream", {HOOK_AFTER, HOOK_AFTER}, 0, check_stream},
	{"notify", {HOOK_AFTER, HOOK_AFTER}, 0, check_notify},
	{"audit", {HOOK_AFTER, HOOK_AFTER}, 0, check_audit},
	{"rate_limit", {HOOK_BEFORE, HOOK_BEFORE}, 0, check_rate_limit},
};

/*
 * If the callback is one of the extension's own: 42P17 for a phase or action
 * that it is not for, 22023, 42703 for arguments.  rel is NULL for a hook on
 * many tables.
 */
void
hooks_ready_check(const Hook *hook, Relation rel)
{
	char	   *name;
	char	  **arguments;
	int			n;

	if (!hooks_own_is_member(ProcedureRelationId, hook->callback))
		return;
	name = get_func_name(hook->callback);
	if (strcmp(name, "touch") == 0)
	{
		hooks_stamp_check(hook, rel);
		return;
	}
	if (strcmp(name, "native") == 0)
	{
		check_native(hook);
		return;
	}
	for (int i = 0; i < lengthof(ready); i++)
	{
		bool		two = ready[i].phases[0] != ready[i].phases[1];

		if (strcmp(ready[i].name, name) != 0)
			continue;
		if ((hook->phase != ready[i].phases[0] &&
			 hook->phase != ready[i].phases[1]) ||
			(ready[i].actions != 0 && hook->actions != ready[i].actions))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
					 errmsg("hooks.%s is for phase \"%s\"%s%s%s%s%s%s only", name,
							hooks_word_of_phase(ready[i].phases[0]),
							two ? " or \"" : "",
							two ? hooks_word_of_phase(ready[i].phases[1]) :
							"", two ? "\"" : "",
							ready[i].actions == 0 ? "" : " of action \"",
							ready[i].actions == 0 ? "" :
							hooks_word_action_list(ready[i].actions),
							ready[i].actions == 0 ? "" : "\"")));
		arguments = hooks_hook_strings(hook->arguments, &n);
		ready[i].check(rel, arguments, n);
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
			 errmsg("function hooks.%s() is no callback", name)));
}
