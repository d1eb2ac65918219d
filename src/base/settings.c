/*
 * settings.c
 *		The configuration parameters of the extension.
 *
 * hooks.paused is ours alone: the list of the hooks that this transaction has
 * paused.  As a parameter that is set with SET LOCAL it follows savepoints and
 * ends with the transaction without any code of ours.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/attempt.h"
#include "base/compat.h"
#include "base/identity.h"
#include "base/settings.h"
#include "base/shared.h"

/* set by the configuration, valid always, unaffected by aborts */
bool		hooks_enabled = true;
int			hooks_max_depth = 32;
int			hooks_quarantine_after = 5;
int			hooks_failures_kept = 1000;
int			hooks_delivery_rows = 1000;
bool		hooks_track_timing = false;
int			hooks_startup_timeout = 5000;
bool		hooks_trace = false;
int			hooks_log_min_duration = -1;
char	   *hooks_metadata = NULL;

/*
 * Does anybody want to know of each firing?  Follows the two parameters above
 * and the observers, of whom an abort takes off those that it ends.
 */
bool		hooks_observed = false;
static int	observers = 0;

/* the value of hooks.restoring; nothing here looks at it */
static char *restoring = NULL;
bool		hooks_workers = true;
int			hooks_max_workers = 4;
int			hooks_worker_idle = 4000;
int			hooks_retry_delay = 1000;
int			hooks_max_attempts = 10;

/* the text of hooks.paused, and the ids in it as its assign hook left them */
static char *paused_text = NULL;
const int64 *hooks_paused = NULL;

/* has this session come upon the kill switch?  Then it need not log it */
static bool kill_switch_seen = false;

/*
 * Bounds of hooks.metadata.  Whoever sets it must not be able to make a
 * callback fail that looks at it, which costs stack by depth.
 */
#define METADATA_BYTES	65536
#define METADATA_DEPTH	64

/*
 * How deep arrays and objects are nested in a text, if it is JSON.
 */
static int
nesting_depth(const char *json)
{
	int			depth = 0;
	int			deepest = 0;
	bool		in_string = false;

	for (const char *p = json; *p != '\0'; p++)
	{
		if (*p == '"')
			in_string = !in_string;
		else if (in_string)
		{
			if (*p == '\\' && p[1] != '\0')
				p++;
		}
		else if (*p == '[' || *p == '{')
		{
			depth++;
			deepest = Max(deepest, depth);
		}
		else if (*p == ']' || *p == '}')
			depth--;
	}
	return deepest;
}

/*
 * The value must be jsonb, which takes less than any JSON text, and within the
 * bounds.  Nothing but memory is in use while jsonb_in() runs, so an error
 * about the value can end here.
 */
static bool
check_metadata(char **newval, void **extra, GucSource source)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool valid = true;

	if (*newval == NULL || (*newval)[0] == '\0')
		return true;
	if (strlen(*newval) > METADATA_BYTES)
	{
		GUC_check_errdetail("The value must not be longer than %d bytes.",
							METADATA_BYTES);
		return false;
	}
	if (nesting_depth(*newval) > METADATA_DEPTH)
	{
		GUC_check_errdetail("Arrays and objects must not be nested deeper than %d levels.",
							METADATA_DEPTH);
		return false;
	}
	PG_TRY();
	{
		(void) DirectFunctionCall1(jsonb_in, CStringGetDatum(*newval));
	}
	PG_CATCH();
	{
		if (hooks_attempt_must_propagate(geterrcode()))
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		GUC_check_errdetail("The value is not valid JSON.");
		valid = false;
	}
	PG_END_TRY();
	return valid;
}

static bool
check_paused(char **newval, void **extra, GucSource source)
{
	const char *p = *newval;
	int64	   *ids;
	int			n = 0;

	if (p == NULL || *p == '\0')
		return true;
	ids = hooks_guc_malloc(sizeof(int64) * (strlen(p) / 2 + 2));
	if (ids == NULL)
		return false;
	while (*p != '\0')
	{
		char	   *end;

		ids[++n] = strtoll(p, &end, 10);
		if (end == p || (*end != ',' && *end != '\0'))
		{
			hooks_guc_free(ids);
			return false;
		}
		p = *end == ',' ? end + 1 : end;
	}
	ids[0] = n;
	*extra = ids;
	return true;
}

static void
assign_paused(const char *newval, void *extra)
{
	hooks_paused = extra;
}

static void
assign_trace(bool newval, void *extra)
{
	hooks_observed = newval || hooks_log_min_duration >= 0 || observers > 0;
}

static void
assign_log_min_duration(int newval, void *extra)
{
	hooks_observed = hooks_trace || newval >= 0 || observers > 0;
}

/*
 * So many observers of firings there are now.
 */
void
hooks_settings_set_observers(int number)
{
	Assert(number >= 0);
	observers = number;
	hooks_observed = hooks_trace || hooks_log_min_duration >= 0 || number > 0;
}

/*
 * Defines the parameters.  From _PG_init() only.
 */
void
hooks_settings_init(void)
{
	DefineCustomBoolVariable("hooks.enabled",
							 "Whether hooks fire at all.",
							 "Off, no hook fires; a line in the log says so.",
							 &hooks_enabled, true,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("hooks.max_depth",
							"How deep firings may nest through the statements of callbacks.",
							NULL,
							&hooks_max_depth, 32, 1, 1000,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("hooks.quarantine_after",
							"Failures after which a hook with on_error quarantine is taken out.",
							NULL,
							&hooks_quarantine_after, 5, 1, INT_MAX,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("hooks.failures_kept",
							"Rows that hooks.failure keeps of each hook.",
							NULL,
							&hooks_failures_kept, 1000, 1, INT_MAX,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("hooks.delivery_rows",
							"Rows that one event for after_commit hooks has at most.",
							"A statement with more of them makes several.",
							&hooks_delivery_rows, 1000, 1, 1000000,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("hooks.track_timing",
							 "Whether hooks.stats tells how long hooks at level row take.",
							 "How long others take is always measured.",
							 &hooks_track_timing, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("hooks.trace",
							 "Whether a NOTICE tells of each hook that fires or does not, and why not.",
							 NULL,
							 &hooks_trace, false,
							 PGC_USERSET, 0, NULL, assign_trace, NULL);
	DefineCustomIntVariable("hooks.log_min_duration",
							"Firings that take at least so long are logged.",
							"0 logs all, -1 none.",
							&hooks_log_min_duration, -1, -1, INT_MAX,
							PGC_SUSET, GUC_UNIT_MS, NULL,
							assign_log_min_duration, NULL);
	DefineCustomIntVariable("hooks.startup_timeout",
							"How long a hook may take when a session starts, if it has no timeout of its own.",
							"Zero is no limit.",
							&hooks_startup_timeout, 5000, 0, 24 * 3600 * 1000,
							PGC_SUSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomStringVariable("hooks.metadata",
							   "JSON that hooks.context() shows to callbacks, such as a request id.",
							   NULL,
							   &hooks_metadata, "",
							   PGC_USERSET, 0, check_metadata, NULL, NULL);
	DefineCustomStringVariable("hooks.restoring",
							   "The kept cascades that hooks.restore() is putting back, for triggers to look at.",
							   NULL,
							   &restoring, "",
							   PGC_INTERNAL, GUC_NOT_IN_SAMPLE, NULL, NULL,
							   NULL);
	DefineCustomBoolVariable("hooks.workers",
							 "Whether background workers deliver what after_commit hooks wait for.",
							 "Off, deliveries are kept and wait.",
							 &hooks_workers, true,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("hooks.max_workers",
							"How many workers one database may have at a time.",
							NULL,
							&hooks_max_workers, 4, 1, 64,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("hooks.worker_idle",
							"How long a worker stays that has nothing to do.",
							NULL,
							&hooks_worker_idle, 4000, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("hooks.retry_delay",
							"How long a delivery that failed waits for its first retry.",
							"Each further delay is twice as long, an hour at most.",
							&hooks_retry_delay, 1000, 1, 3600 * 1000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("hooks.max_attempts",
							"How often a delivery is tried before it is dead.",
							"A hook's own max_attempts has precedence.",
							&hooks_max_attempts, 10, 1, INT_MAX,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("hooks.paused",
							   "The hooks that this transaction has paused.",
							   "Set by hooks.pause() and hooks.resume().",
							   &paused_text, "",
							   PGC_SUSET,
							   GUC_NO_SHOW_ALL | GUC_NO_RESET_ALL |
							   GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   check_paused, assign_paused, NULL);
	MarkGUCPrefixReserved("hooks");
}

void
hooks_settings_log_kill_switch(void)
{
	if (kill_switch_seen)
		return;
	kill_switch_seen = true;
	if (hooks_shared_may_log_kill_switch())
		ereport(LOG,
				(errmsg("hooks do not fire in this session because \"hooks.enabled\" is off"),
				 errdetail("The same may be true of others: this is logged once in ten minutes.")));
}

bool
hooks_settings_is_in_list(int64 hook_id)
{
	for (int64 i = 1; i <= hooks_paused[0]; i++)
		if (hooks_paused[i] == hook_id)
			return true;
	return false;
}

/*
 * Adds a hook to those paused in this transaction, or removes it.
 */
void
hooks_settings_pause(int64 hook_id, bool pause)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int64 i = 1; hooks_paused != NULL && i <= hooks_paused[0]; i++)
		if (hooks_paused[i] != hook_id)
			appendStringInfo(&list, "%s" INT64_FORMAT,
							 list.len > 0 ? "," : "", hooks_paused[i]);
	if (pause)
		appendStringInfo(&list, "%s" INT64_FORMAT,
						 list.len > 0 ? "," : "", hook_id);
	(void) set_config_option("hooks.paused", list.data,
							 PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
}

/*
 * hooks.metadata as jsonb, NULL where it is not set.  palloc'd.
 */
Jsonb *
hooks_settings_metadata(void)
{
	Datum		metadata;

	if (hooks_metadata == NULL || hooks_metadata[0] == '\0')
		return NULL;
	metadata = CStringGetDatum(hooks_metadata);
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, metadata));
}

/*
 * Makes names be quoted where they must be, and only there, in every session.
 * Returns the level to which AtEOXact_GUC() goes back.
 */
int
hooks_settings_quote_plainly(void)
{
	int			level = NewGUCNestLevel();

	hooks_identity_set("quote_all_identifiers", "off");
	return level;
}

/*
 * Sets hooks.restoring, which nobody else can, until the innermost nest level
 * of parameters ends.
 */
void
hooks_settings_set_restoring(const char *numbers)
{
	(void) set_config_option("hooks.restoring", numbers, PGC_INTERNAL,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}
