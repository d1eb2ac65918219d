/*
 * findings.c
 *		What hooks.check() finds by itself.
 *
 * This file finds what keeps hooks from firing.  Others find what gives them
 * more power than their owners expect (power.c), and what is wrong with
 * foreign keys (weak_keys.c), deliveries (late.c) and versions (version.c).
 * They change nothing, and read only what every role may know: catalogs and
 * the registry; of deliveries, see late.c.
 */
#include "postgres.h"

#include "access/table.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/ancestors.h"
#include "base/attempt.h"
#include "base/glance.h"
#include "base/own.h"
#include "base/place.h"
#include "base/result.h"
#include "base/settings.h"
#include "registry/attach.h"
#include "registry/checks.h"
#include "registry/filter.h"
#include "registry/registry.h"
#include "registry/scope.h"
#include "registry/source.h"
#include "registry/stamp.h"
#include "registry/watch.h"
#include "system/findings.h"
#include "system/gaps.h"
#include "system/late.h"
#include "system/power.h"
#include "system/statistics.h"
#include "system/version.h"
#include "system/weak_keys.h"

/* columns of hooks.check(), as in the install script */
#define CHECK_COLUMNS 6

typedef void (*CheckFinder) (HookCheckSearch *search);

void
hooks_findings_add(HookFindings *findings, const char *severity,
				   const char *code, const char *object, const char *message,
				   const char *hint)
{
	const char *strings[CHECK_COLUMNS] =
	{severity, code, findings->check, object, message, hint};
	Datum		values[CHECK_COLUMNS];
	bool		nulls[CHECK_COLUMNS];

	for (int i = 0; i < CHECK_COLUMNS; i++)
		values[i] = hooks_result_text(strings[i], &nulls[i]);
	tuplestore_putvalues(findings->rows, findings->desc, values, nulls);
}

static void
find_switched_off(HookCheckSearch *search)
{
	ListCell   *lc;

	if (!search->all)
		return;
	if (!hooks_enabled)
		hooks_findings_add(search->findings, HOOK_FINDING_ERROR,
						   "switched_off", NULL,
						   "hooks.enabled is off: no hook fires", NULL);
	foreach(lc, hooks_watch_disabled())
	{
		hooks_findings_add(search->findings, HOOK_FINDING_ERROR,
						   "event_trigger_disabled", lfirst(lc),
						   psprintf("event trigger \"%s\" is not enabled always: hooks do not follow schema changes",
									(char *) lfirst(lc)),
						   "Call hooks.repair() as a superuser.");
	}
}

/*
 * Hooks that cannot fire, or do not.
 */
static void
find_broken_hooks(HookCheckSearch *search)
{
	ListCell   *lc;

	foreach(lc, search->hooks)
	{
		const Hook *hook = lfirst(lc);
		const char *forbidden;

		CHECK_FOR_INTERRUPTS();
		if (hook->damage != NULL)
		{
			hooks_findings_add(search->findings, HOOK_FINDING_ERROR,
							   "hook_damaged", hook->name,
							   psprintf("hook \"%s\" cannot fire: %s",
										hook->name, hook->damage),
							   "Register it again with replace => true, or unregister it.");
			continue;
		}
		forbidden = hooks_scope_forbids(hook);
		if (forbidden != NULL)
			hooks_findings_add(search->findings, HOOK_FINDING_ERROR,
							   "hook_without_right", hook->name,
							   psprintf("hook \"%s\" cannot fire: %s",
										hook->name, forbidden),
							   "Give the owner the right, or register the hook again as another role.");
		if (!hooks_hook_has_row(hook))
			hooks_findings_add(search->findings, HOOK_FINDING_WARNING,
							   "row_missing", hook->name,
							   psprintf("hook \"%s\" has no row in hooks.registry",
										hook->name),
							   "Call hooks.repair().");
		if (hook->quarantined)
			hooks_findings_add(search->findings, HOOK_FINDING_WARNING,
							   "hook_quarantined", hook->name,
							   psprintf("hook \"%s\" is in quarantine",
										hook->name),
							   "See hooks.failure; hooks.enable() puts it back in force.");
		else if (!hook->enabled)
			hooks_findings_add(search->findings, HOOK_FINDING_NOTICE,
							   "hook_disabled", hook->name,
							   psprintf("hook \"%s\" is disabled",
										hook->name), NULL);
	}
}

/*
 * Firings that were left out, though the hook was in force.
 */
static void
find_bypassed(HookCheckSearch *search)
{
	ListCell   *lc;

	foreach(lc, search->hooks)
	{
		const Hook *hook = lfirst(lc);
		TimestampTz since;
		int64		bypassed;

		if (!OidIsValid(hook->definition))
			continue;
		bypassed = hooks_statistics_bypassed(hook->definition, &since);
		if (bypassed == 0)
			continue;
		hooks_findings_add(search->findings, HOOK_FINDING_NOTICE,
						   "firings_bypassed", hook->name,
						   psprintf("%lld firings of hook \"%s\" were left out since %s",
									(long long) bypassed, hook->name,
									timestamptz_to_str(since)),
						   "A switch, hooks.pause(), session_replication_role or a disabled trigger did that. hooks.reset_stats() forgets it.");
	}
}

/*
 * Each partition has triggers of its own.  Before_closure hooks need those of
 * all tables from which a cascade can come.
 */
static void
find_bad_triggers(HookCheckSearch *search)
{
	HookGlance	glance;
	List	   *tables;
	ListCell   *lc;
	ListCell   *lc2;

	hooks_glance_begin(&glance);
	tables = hooks_scope_tables(search->hooks);
	foreach(lc, search->hooks)
	{
		const Hook *hook = lfirst(lc);

		if (hook->phase == HOOK_BEFORE_CLOSURE && hook->damage == NULL)
			tables = list_concat_unique_oid(tables, hooks_source_all(hook));
	}
	tables = hooks_ancestors_with_partitions(tables);
	hooks_glance_end(&glance);
	foreach(lc, tables)
	{
		List	   *problems;

		CHECK_FOR_INTERRUPTS();
		hooks_glance_begin(&glance);
		problems = hooks_attach_problems(lfirst_oid(lc), "is", true);
		hooks_glance_end(&glance);
		foreach(lc2, problems)
		{
			hooks_findings_add(search->findings, HOOK_FINDING_ERROR,
							   "trigger_broken",
							   hooks_place_quoted(lfirst_oid(lc)),
							   lfirst(lc2), "Call hooks.repair().");
		}
	}
}

/*
 * Tables without our trigger from which a cascade can come to before_closure
 * hooks.
 */
static void
find_late_closures(HookCheckSearch *search)
{
	ListCell   *lc;

	foreach(lc, search->hooks)
	{
		const Hook *hook = lfirst(lc);
		HookGlance	glance;
		Oid			source;

		CHECK_FOR_INTERRUPTS();
		if (hook->phase != HOOK_BEFORE_CLOSURE || hook->damage != NULL ||
			!OidIsValid(hook->relation))
			continue;
		hooks_glance_begin(&glance);
		source = hooks_source_forbidden(hook, hook->owner);
		hooks_glance_end(&glance);
		if (OidIsValid(source))
			hooks_findings_add(search->findings, HOOK_FINDING_WARNING,
							   "closure_late", hook->name,
							   psprintf("hook \"%s\" fires late when a DELETE from table \"%s\" cascades: its owner \"%s\" has no right to create triggers on that table",
										hook->name, get_rel_name(source),
										GetUserNameFromId(hook->owner, true)),
							   "Grant the right, and call hooks.repair().");
	}
}

/*
 * hooks.touch on columns that are gone, or have become something else.
 */
static void
check_touch(void *arg)
{
	const Hook *hook = arg;
	Relation	rel = table_open(hook->relation, AccessShareLock);

	hooks_stamp_check(hook, rel);
	table_close(rel, AccessShareLock);
}

static void
find_touch(HookCheckSearch *search)
{
	ListCell   *lc;

	foreach(lc, search->hooks)
	{
		Hook	   *hook = lfirst(lc);
		ErrorData  *error;

		if (hook->damage != NULL || !OidIsValid(hook->relation) ||
			hook->callback != hooks_own_function("touch", 0))
			continue;
		error = hooks_attempt(check_touch, hook);
		if (error != NULL)
			hooks_findings_add(search->findings, HOOK_FINDING_ERROR,
							   "touch_column", hook->name, error->message,
							   "Register the hook again with the present columns.");
	}
}

static void
find_filter_gaps(HookCheckSearch *search)
{
	List	   *tables = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	if (!search->all)
		return;
	foreach(lc, hooks_filter_all())
	{
		tables = list_append_unique_oid(tables,
										((HookFilter *) lfirst(lc))->relation);
	}
	foreach(lc, tables)
	{
		Oid			relid = lfirst_oid(lc);
		bool		on = hooks_filter_is_on(relid);
		HookGlance	glance;
		List	   *gaps;

		hooks_glance_begin(&glance);
		gaps = hooks_gaps_find(relid);
		hooks_glance_end(&glance);
		foreach(lc2, gaps)
		{
			hooks_findings_add(search->findings,
							   on ? HOOK_FINDING_NOTICE : HOOK_FINDING_ERROR,
							   on ? "filter_gap" : "filter_off",
							   hooks_place_quoted(relid), lfirst(lc2), NULL);
		}
	}
}

static const CheckFinder finders[] = {
	hooks_version_find,
	find_switched_off,
	find_broken_hooks,
	find_bypassed,
	find_bad_triggers,
	find_late_closures,
	hooks_power_find_callbacks,
	hooks_power_find_wide,
	find_touch,
	hooks_weak_keys_find_off,
	hooks_weak_keys_find_slow,
	find_filter_gaps,
	hooks_late_find,
};

/*
 * One of them, as hooks_attempt() runs it.  They look at one table at a time,
 * each by a glance of its own: who waits for a table must not keep others from
 * all those that came before it.
 */
typedef struct Attempt
{
	HookCheckSearch *search;
	int			n;
} Attempt;

static void
run_search(void *arg)
{
	Attempt    *attempt = arg;
	HookGlance	glance;

	hooks_glance_begin(&glance);
	finders[attempt->n] (attempt->search);
	hooks_glance_end(&glance);
}

/*
 * Adds all findings about the hooks of a package; NULL: about everything.  A
 * search that fails is a finding, too.
 */
void
hooks_findings_make(HookFindings *findings, const char *package)
{
	HookCheckSearch search = {findings};

	search.all = package == NULL;
	search.hooks = search.all ? hooks_registry_all() :
		hooks_registry_of_package(package);
	search.checks = hooks_checks_all(package);
	for (int i = 0; i < lengthof(finders); i++)
	{
		Attempt		attempt = {&search, i};
		ErrorData  *error = hooks_attempt(run_search, &attempt);

		if (error != NULL)
			hooks_findings_add(findings, HOOK_FINDING_ERROR, "check_failed",
							   NULL, error->message, error->hint);
	}
}
