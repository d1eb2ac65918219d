/*
 * findings.c
 *		What hooks.check() finds by itself.
 *
 * It finds what keeps hooks from firing, and what gives them more power than
 * their owners expect.  It changes nothing, and reads only what every role may
 * know: catalogs and the registry; of deliveries, see late.c.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/attempt.h"
#include "base/glance.h"
#include "base/graph.h"
#include "base/own.h"
#include "base/place.h"
#include "base/result.h"
#include "base/rights.h"
#include "base/settings.h"
#include "cascade/switched.h"
#include "registry/attach.h"
#include "registry/callback.h"
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
#include "system/version.h"
#include "system/statistics.h"

/* columns of hooks.check(), as in the install script */
#define CHECK_COLUMNS 6

/* What one of our checks gets */
typedef struct CheckSearch
{
	HookFindings *findings;
	List	   *hooks;			/* to look at */
	List	   *checks;			/* registered ones */
	bool		all;			/* these are all hooks */
} CheckSearch;

typedef void (*CheckFinder) (CheckSearch *search);

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

/*
 * The tables that the hooks are for, each once.
 */
static List *
tables_of(List *hooks)
{
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, hooks)
	{
		CHECK_FOR_INTERRUPTS();
		tables = list_concat_unique_oid(tables,
										hooks_scope_relations(lfirst(lc)));
	}
	return tables;
}

static void
find_switched_off(CheckSearch *search)
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
find_broken_hooks(CheckSearch *search)
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
find_bypassed(CheckSearch *search)
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
 * Before_closure hooks need the triggers of all tables from which a cascade
 * can come.
 */
static void
find_bad_triggers(CheckSearch *search)
{
	List	   *tables = tables_of(search->hooks);
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, search->hooks)
	{
		const Hook *hook = lfirst(lc);

		if (hook->phase == HOOK_BEFORE_CLOSURE && hook->damage == NULL)
			tables = list_concat_unique_oid(tables, hooks_source_all(hook));
	}
	foreach(lc, tables)
	{
		CHECK_FOR_INTERRUPTS();
		foreach(lc2, hooks_attach_problems(lfirst_oid(lc), "is", true))
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
find_late_closures(CheckSearch *search)
{
	ListCell   *lc;

	foreach(lc, search->hooks)
	{
		const Hook *hook = lfirst(lc);
		Oid			source;

		CHECK_FOR_INTERRUPTS();
		if (hook->phase != HOOK_BEFORE_CLOSURE || hook->damage != NULL ||
			!OidIsValid(hook->relation))
			continue;
		source = hooks_source_forbidden(hook, hook->owner);
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
 * The callback of a hook or check that another role can replace, which has not
 * the rights of the owner: its code would run with these rights.
 */
static void
tell_foreign_callback(CheckSearch *search, Oid callback, Oid owner,
					  const char *what, const char *name)
{
	Oid			other = hooks_callback_owner(callback);

	if (!OidIsValid(other) || superuser_arg(other) ||
		has_privs_of_role(other, owner))
		return;
	hooks_findings_add(search->findings, HOOK_FINDING_WARNING,
					   "callback_of_other", name,
					   psprintf("callback %s of %s \"%s\" belongs to role \"%s\", and runs as \"%s\"",
								hooks_callback_text(callback), what, name,
								GetUserNameFromId(other, true),
								GetUserNameFromId(owner, true)),
					   psprintf("Who owns a function can replace it. Give the function to the %s's owner.",
								what));
}

static void
find_foreign_callbacks(CheckSearch *search)
{
	ListCell   *lc;

	foreach(lc, search->hooks)
	{
		const Hook *hook = lfirst(lc);

		if (hook->damage == NULL && hook->run_as == HOOK_AS_OWNER)
			tell_foreign_callback(search, hook->callback, hook->owner, "hook",
								  hook->name);
	}
	foreach(lc, search->checks)
	{
		const HookCheck *check = lfirst(lc);

		tell_foreign_callback(search, check->callback, check->owner, "check",
							  check->name);
	}
}

/*
 * Hooks of superusers that fire for other roles' tables, and so run as
 * superuser.
 */
static void
find_wide_hooks(CheckSearch *search)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, search->hooks)
	{
		const Hook *hook = lfirst(lc);
		int			others = 0;

		if (hook->damage != NULL || OidIsValid(hook->relation) ||
			hook->run_as != HOOK_AS_OWNER || !superuser_arg(hook->owner))
			continue;
		foreach(lc2, hooks_scope_relations(hook))
		{
			CHECK_FOR_INTERRUPTS();
			if (!superuser_arg(hooks_rights_owner(lfirst_oid(lc2))))
				others++;
		}
		if (others > 0)
			hooks_findings_add(search->findings, HOOK_FINDING_NOTICE,
							   "wide_hook", hook->name,
							   psprintf("hook \"%s\" runs as superuser \"%s\" on %d tables of roles that are no superusers",
										hook->name,
										GetUserNameFromId(hook->owner, true),
										others),
							   "Its callback must not evaluate what they can write: names, text as SQL, operators of their types.");
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
find_touch(CheckSearch *search)
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

/*
 * The tables that the hooks are for, and those to which a DELETE cascades.
 */
static List *
tables_below(const HookGraph *graph, List *hooks)
{
	List	   *tables = tables_of(hooks);

	/* the list grows on the way */
	for (int i = 0; i < list_length(tables); i++)
	{
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		foreach(lc, hooks_graph_to_rows(graph, list_nth_oid(tables, i)))
		{
			const HookForeignKey *key = lfirst(lc);

			if (key->on_delete == FKCONSTR_ACTION_CASCADE)
				tables = list_append_unique_oid(tables, key->referencing);
		}
	}
	return tables;
}

static void
find_keys_off(CheckSearch *search)
{
	const HookGraph *graph = hooks_graph_pin(CurrentMemoryContext);
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, tables_below(graph, search->hooks))
	{
		CHECK_FOR_INTERRUPTS();
		foreach(lc2, hooks_switched_of_table(lfirst_oid(lc)))
		{
			const HookSwitchedOff *off = lfirst(lc2);

			hooks_findings_add(search->findings, HOOK_FINDING_ERROR,
							   "foreign_key_off",
							   hooks_place_quoted(off->key->referencing),
							   psprintf("foreign key \"%s\" of table \"%s\" is switched off: triggers of it on table \"%s\" do not fire, so there may be rows that refer to nothing",
										off->key->name,
										get_rel_name(off->key->referencing),
										get_rel_name(off->relid)),
							   psprintf("Look for such rows, then use ALTER TABLE %s ENABLE TRIGGER ALL.",
										hooks_place_quoted(off->relid)));
		}
	}
}

/*
 * Foreign keys without an index, by which a DELETE of a hooked table cascades.
 */
static void
find_slow_keys(CheckSearch *search)
{
	const HookGraph *graph = hooks_graph_pin(CurrentMemoryContext);
	List	   *reported = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, tables_below(graph, search->hooks))
	{
		foreach(lc2, hooks_graph_to_rows(graph, lfirst_oid(lc)))
		{
			const HookForeignKey *key = lfirst(lc2);

			CHECK_FOR_INTERRUPTS();
			if (list_member_oid(reported, key->oid) ||
				OidIsValid(hooks_graph_index(key)))
				continue;
			reported = lappend_oid(reported, key->oid);
			hooks_findings_add(search->findings, HOOK_FINDING_WARNING,
							   "foreign_key_without_index",
							   hooks_place_quoted(key->referencing),
							   psprintf("foreign key \"%s\" of table \"%s\" has no index: a DELETE scans the table for each row of \"%s\" that it removes",
										key->name,
										get_rel_name(key->referencing),
										get_rel_name(key->referenced)),
							   NULL);
		}
	}
}

static void
find_filter_gaps(CheckSearch *search)
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

		foreach(lc2, hooks_gaps_find(relid))
		{
			hooks_findings_add(search->findings,
							   on ? HOOK_FINDING_NOTICE : HOOK_FINDING_ERROR,
							   on ? "filter_gap" : "filter_off",
							   hooks_place_quoted(relid), lfirst(lc2), NULL);
		}
	}
}

static void
find_deliveries(CheckSearch *search)
{
	hooks_late_find(search->findings, search->hooks);
}

static void
find_version(CheckSearch *search)
{
	if (search->all)
		hooks_version_find(search->findings);
}

static const CheckFinder finders[] = {
	find_version,
	find_switched_off,
	find_broken_hooks,
	find_bypassed,
	find_bad_triggers,
	find_late_closures,
	find_foreign_callbacks,
	find_wide_hooks,
	find_touch,
	find_keys_off,
	find_slow_keys,
	find_filter_gaps,
	find_deliveries,
};

/* One of them, as hooks_attempt() runs it */
typedef struct Attempt
{
	CheckSearch *search;
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
	CheckSearch search = {findings};

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
