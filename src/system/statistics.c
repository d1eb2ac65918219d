/*
 * statistics.c
 *		The SQL API that tells what was counted: hooks.stats,
 *		hooks.reset_stats().
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/argument.h"
#include "base/counters.h"
#include "base/result.h"
#include "base/rights.h"
#include "base/ring.h"
#include "base/settings.h"
#include "firing/stats.h"
#include "registry/definition.h"
#include "registry/registry.h"
#include "system/statistics.h"

/* columns of hooks.stats(), as in the install script */
#define STATS_COLUMNS 9

static bool
owns(Oid definition)
{
	Oid			owner = hooks_rights_function_owner(definition);

	return OidIsValid(owner) && has_privs_of_role(GetUserId(), owner);
}

/*
 * What was counted of a hook: by all sessions, or by this one where they share
 * nothing.  False if nothing was.
 */
static bool
read_counters(Oid definition, HookCounters *counters, TimestampTz *since)
{
	HookTally  *tally;

	memset(counters, 0, sizeof(HookCounters));
	if (hooks_counters_are_shared())
		return hooks_counters_read(definition, counters, since);
	tally = hooks_stats_find(definition);
	if (tally == NULL)
		return false;
	*counters = tally->counters;
	*since = tally->since;
	return true;
}

static void
put_counters(Tuplestorestate *rows, TupleDesc desc, Oid definition)
{
	HookCounters counters;
	TimestampTz since;
	bool		counted = read_counters(definition, &counters, &since) &&
		counters.calls + counters.bypassed > 0;
	Datum		values[STATS_COLUMNS];
	bool		nulls[STATS_COLUMNS] = {false};
	int			c = 0;

	values[c] = hooks_result_text(get_func_name(definition), &nulls[c]);
	c++;
	values[c++] = Int64GetDatum(counters.calls);
	values[c++] = Int64GetDatum(counters.failures);
	values[c++] = Int64GetDatum(counters.vetoes);
	values[c++] = Int64GetDatum(counters.rows);
	nulls[c] = counters.timed == 0;
	values[c++] = Float8GetDatum(counters.total_time);
	nulls[c] = counters.timed == 0;
	values[c++] = Float8GetDatum(counters.max_time);
	values[c++] = Int64GetDatum(counters.bypassed);
	nulls[c] = !counted;
	values[c++] = TimestampTzGetDatum(counted ? since : 0);
	Assert(c == STATS_COLUMNS);
	tuplestore_putvalues(rows, desc, values, nulls);
}

/*
 * How many firings of a hook were left out, and counted since when; 0 for
 * whoever may not know.
 */
int64
hooks_statistics_bypassed(Oid definition, TimestampTz *since)
{
	HookCounters counters;

	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) &&
		!owns(definition))
		return 0;
	hooks_stats_flush();
	return read_counters(definition, &counters, since) ?
		counters.bypassed : 0;
}

PG_FUNCTION_INFO_V1(hooks_stats);

/*
 * hooks.stats() returns setof record
 *
 * What was counted of each hook that the caller owns; of all, for superusers
 * and members of pg_read_all_stats.
 */
Datum
hooks_stats(PG_FUNCTION_ARGS)
{
	bool		all = has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
	TupleDesc	desc;
	Tuplestorestate *rows = hooks_result_begin(fcinfo, &desc);
	ListCell   *lc;

	hooks_stats_flush();
	foreach(lc, hooks_definition_all())
	{
		CHECK_FOR_INTERRUPTS();
		if (all || owns(lfirst_oid(lc)))
			put_counters(rows, desc, lfirst_oid(lc));
	}
	if (hooks_ring_other_losses() > 0)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg(INT64_FORMAT " failed statements were not told, and are counted for no hook",
						hooks_ring_other_losses())));
	if (hooks_counters_lost() > 0)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("hooks.stats has no room for all hooks"),
				 errdetail("What " INT64_FORMAT " transactions have counted is lost.",
						   hooks_counters_lost()),
				 errhint("Raise \"hooks.max_stats\".")));
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(hooks_reset_stats);

/*
 * hooks.reset_stats(name text) returns void
 *
 * Begins to count anew: of one hook, which the caller must own (42501) and
 * which must exist (42704), or of all that the caller owns.
 */
Datum
hooks_reset_stats(PG_FUNCTION_ARGS)
{
	char	   *name = hooks_argument_optional_text(fcinfo, 0);
	Oid			definition = InvalidOid;
	ListCell   *lc;

	if (name == NULL)
	{
		foreach(lc, hooks_definition_all())
		{
			CHECK_FOR_INTERRUPTS();
			if (owns(lfirst_oid(lc)))
				hooks_stats_reset(lfirst_oid(lc));
		}
		PG_RETURN_VOID();
	}
	definition = hooks_registry_get(name)->definition;
	if (!OidIsValid(definition))
		PG_RETURN_VOID();
	if (!owns(definition))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of hook \"%s\"", name)));
	hooks_stats_reset(definition);
	PG_RETURN_VOID();
}
