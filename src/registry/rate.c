/*
 * rate.c
 *		The arguments of hooks.rate_limit().
 *
 * register() reads them here first, so that mistakes are told at once; and
 * rate_limit() reads them again when it is called.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/attempt.h"
#include "base/buckets.h"
#include "base/preload.h"
#include "registry/rate.h"

#define METADATA "metadata:"

/*
 * 22023: an argument that the callback cannot use.
 */
#define refuse_rate(...) \
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), __VA_ARGS__, \
					errhint("Pass them as arguments => '{100, 1 minute, caller}'.")))

/*
 * How often: a whole number above zero.
 */
static int
read_limit(const char *given)
{
	char	   *end;
	long		limit;

	errno = 0;
	limit = strtol(given, &end, 10);
	while (*end == ' ')
		end++;
	if (end == given || *end != '\0' || errno != 0 || limit > INT_MAX ||
		limit <= 0)
		refuse_rate(errmsg("invalid limit of hooks.rate_limit: \"%s\"",
						   given),
					errdetail("It must be a whole number from 1 to %d.",
							  INT_MAX));
	return limit;
}

/*
 * The interval of a text; NULL if it is none.  Nothing but memory is in use
 * while interval_in() runs, so an error about the value can end here.
 */
static Interval *
parse_interval(const char *given)
{
	MemoryContext context = CurrentMemoryContext;
	Interval   *volatile interval = NULL;

	PG_TRY();
	{
		Datum		value =
			DirectFunctionCall3(interval_in, CStringGetDatum(given),
								ObjectIdGetDatum(InvalidOid),
								Int32GetDatum(-1));

		interval = DatumGetIntervalP(value);
	}
	PG_CATCH();
	{
		if (hooks_attempt_must_propagate(geterrcode()))
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return interval;
}

/*
 * In which time: seconds, above zero.  A month has no certain length.
 */
static double
read_interval(const char *given)
{
	const Interval *interval = parse_interval(given);
	double		seconds;

	if (interval == NULL)
		refuse_rate(errmsg("invalid interval of hooks.rate_limit: \"%s\"",
						   given),
					errdetail("It is no interval."));
	if (interval->month != 0)
		refuse_rate(errmsg("invalid interval of hooks.rate_limit: \"%s\"",
						   given),
					errdetail("Months and years have no certain length; write it in days."));
	seconds = interval->day * (double) SECS_PER_DAY +
		interval->time / (double) USECS_PER_SEC;
	if (seconds <= 0)
		refuse_rate(errmsg("invalid interval of hooks.rate_limit: \"%s\"",
						   given),
					errdetail("It must be greater than zero."));
	return seconds;
}

static void
read_scope(HookRate *rate, const char *given)
{
	if (strcmp(given, "caller") == 0)
		rate->scope = HOOK_RATE_OF_CALLER;
	else if (strcmp(given, "client_address") == 0)
		rate->scope = HOOK_RATE_OF_ADDRESS;
	else if (strncmp(given, METADATA, strlen(METADATA)) == 0 &&
			 given[strlen(METADATA)] != '\0')
	{
		rate->scope = HOOK_RATE_OF_METADATA;
		rate->key = given + strlen(METADATA);
	}
	else
		refuse_rate(errmsg("invalid scope of hooks.rate_limit: \"%s\"",
						   given),
					errdetail("It is \"caller\", \"client_address\" or \"metadata:\" with a key of \"hooks.metadata\"."));
}

/*
 * Reads the arguments of a hook; what is read points into them.  22023 if they
 * are none of hooks.rate_limit().
 */
void
hooks_rate_read(HookRate *rate, char **arguments, int n)
{
	memset(rate, 0, sizeof(HookRate));
	if (n < 2 || n > 3)
		refuse_rate(errmsg("hooks.rate_limit takes two or three arguments"),
					errdetail("They are how often, in which time, and counted by what."));
	rate->limit = read_limit(arguments[0]);
	rate->interval = arguments[1];
	rate->seconds = read_interval(arguments[1]);
	read_scope(rate, n == 3 ? arguments[2] : "caller");
}

/*
 * 55000 where sessions could not share a count.
 */
void
hooks_rate_need_buckets(void)
{
	hooks_preload_require_shared("hooks.rate_limit");
	Assert(hooks_buckets_exist());
}

/*
 * Refuses arguments that hooks.rate_limit() cannot use, 22023, and a server
 * where it cannot work, 55000.
 */
void
hooks_rate_check(char **arguments, int n)
{
	HookRate	rate;

	hooks_rate_read(&rate, arguments, n);
	hooks_rate_need_buckets();
}
