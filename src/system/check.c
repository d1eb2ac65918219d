/*
 * check.c
 *		The SQL API for system checks: hooks.register_check(), hooks.check().
 *
 * A registered check runs as its owner, in a subtransaction and, unless the
 * owner could become the caller anyway, as a security-restricted operation.
 * Its result is verified before it is passed on.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/argument.h"
#include "base/attempt.h"
#include "base/compat.h"
#include "base/identity.h"
#include "base/result.h"
#include "base/settings.h"
#include "registry/arguments.h"
#include "registry/callback.h"
#include "registry/checks.h"
#include "registry/definition.h"
#include "registry/filter.h"
#include "registry/lock.h"
#include "registry/path.h"
#include "registry/registry.h"
#include "system/findings.h"

/* how many rows of a check are shown */
#define MAX_ROWS 1000

/* how many bytes of each of its texts */
#define MAX_TEXT 8192

/*
 * A registered check is running.  Whoever sets it resets it, also when an
 * error passes.
 */
static bool checking = false;

/* columns that a check returns */
enum
{
	COLUMN_SEVERITY = 1,
	COLUMN_OBJECT,
	COLUMN_MESSAGE,
	COLUMN_HINT,
	N_COLUMNS = COLUMN_HINT
};

/*
 * 42P17 if a function does not return rows of four columns.
 */
static void
check_shape(Oid function, const char *callback)
{
	Oid			type;
	TupleDesc	desc = NULL;

	if (get_func_prokind(function) == PROKIND_FUNCTION &&
		get_func_retset(function) &&
		get_func_result_type(function, &type, &desc) == TYPEFUNC_COMPOSITE &&
		desc != NULL && desc->natts == N_COLUMNS)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
			 errmsg("function \"%s\" cannot be a check", callback),
			 errhint("A check returns rows of four columns: CREATE FUNCTION name() RETURNS TABLE (severity text, object text, message text, hint text) ...")));
}

static bool
is_same(const HookCheck *a, const HookCheck *b)
{
	return a->callback == b->callback && a->owner == b->owner &&
		(a->package == NULL ? b->package == NULL :
		 b->package != NULL && strcmp(a->package, b->package) == 0);
}

PG_FUNCTION_INFO_V1(hooks_register_check);

/*
 * hooks.register_check(name text, callback text, package text,
 *		replace boolean) returns boolean
 *
 * True: it was registered; false: this very check was there.  22004; 22023
 * name or package; 42883, 42P17, 42501 callback; 42710 a taken name.
 */
Datum
hooks_register_check(PG_FUNCTION_ARGS)
{
	HookCheck	check = {NULL};
	char	   *callback = hooks_argument_text(fcinfo, 1);
	AclResult	result;
	HookCheck  *other;
	bool		other_path;

	hooks_argument_require(fcinfo, 3);
	check.name = hooks_arguments_name(fcinfo, 0, "check", NAMEDATALEN - 1);
	check.package = hooks_argument_optional_text(fcinfo, 2);
	check.owner = GetUserId();
	PreventCommandIfReadOnly("hooks.register_check()");
	if (check.package != NULL)
		hooks_arguments_check_size("package", strlen(check.package),
								   HOOKS_MAX_PACKAGE);
	if (check.package != NULL && check.package[0] == '\0')
		check.package = NULL;
	hooks_lock_name(check.name);
	check.callback = hooks_callback_lookup_plain(callback);
	check_shape(check.callback, callback);
	result = hooks_proc_aclcheck(check.callback, GetUserId());
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, callback);
	check.search_path = hooks_path_temporary_last(hooks_path_current());

	other = hooks_checks_find(check.name);
	other_path = other != NULL &&
		strcmp(other->search_path, check.search_path) != 0;
	if (other != NULL && is_same(other, &check) &&
		!(other_path && PG_GETARG_BOOL(3)))
	{
		if (other_path)
			hooks_path_tell_kept("check", other->name, other->search_path);
		hooks_lock_release_name(check.name);
		PG_RETURN_BOOL(false);
	}
	if (other == NULL)
	{
		if (hooks_registry_find(check.name) != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("hook \"%s\" already exists", check.name),
					 errhint("Hooks, filters and checks do not have the same name.")));
		hooks_filter_refuse_name(check.name);
	}
	else if (!PG_GETARG_BOOL(3))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("check \"%s\" already exists", check.name),
				 errhint("Pass replace => true to replace it.")));
	else
		(void) hooks_checks_remove(check.name);
	hooks_path_tell("check", check.name, check.owner, check.callback,
					check.search_path);
	hooks_checks_create(&check);
	PG_RETURN_BOOL(true);
}

/* A check that is run, and where to */
typedef struct CheckRun
{
	const HookCheck *check;
	HookFindings *findings;
	MemoryContext context;
	List	   *found;			/* arrays of N_COLUMNS strings */
	bool		more;			/* than MAX_ROWS */
} CheckRun;

/*
 * Calls the check, and copies what it returns.
 */
static void
run_check(void *arg)
{
	CheckRun   *run = arg;
	const HookCheck *check = run->check;
	HookIdentity before;
	char	   *query =
		psprintf("SELECT * FROM " HOOKS_CHECKS ".%s() AS c(severity pg_catalog.text, object pg_catalog.text, message pg_catalog.text, hint pg_catalog.text)",
				 quote_identifier(check->name));
	bool		trusted = hooks_can_set_role(check->owner, GetUserId());

	SPI_connect();
	hooks_identity_enter(&before, check->owner,
						 trusted ? SECURITY_LOCAL_USERID_CHANGE :
						 HOOKS_RESTRICTED, HOOKS_SAFE_PATH);
	if (SPI_execute(query, false, MAX_ROWS + 1) != SPI_OK_SELECT)
		elog(ERROR, "could not execute \"%s\"", query);
	hooks_identity_end(&before);
	run->more = SPI_processed > MAX_ROWS;
	for (uint64 i = 0; i < Min(SPI_processed, MAX_ROWS); i++)
	{
		MemoryContext old = MemoryContextSwitchTo(run->context);
		char	  **strings = palloc0(sizeof(char *) * (N_COLUMNS + 1));

		for (int c = 1; c <= N_COLUMNS; c++)
		{
			char	   *string = SPI_getvalue(SPI_tuptable->vals[i],
											  SPI_tuptable->tupdesc, c);

			strings[c] = string == NULL ? NULL :
				pnstrdup(string, pg_mbcliplen(string, strlen(string),
											  MAX_TEXT));
		}
		run->found = lappend(run->found, strings);
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
}

static void
report_bad_check(CheckRun *run, const char *code, const char *message,
				 const char *hint)
{
	hooks_findings_add(run->findings, HOOK_FINDING_ERROR, code,
					   run->check->name,
					   psprintf("check \"%s\" %s", run->check->name, message),
					   hint);
}

/*
 * Passes on the findings of a check, or a finding that these are malformed.
 */
static void
report_check(CheckRun *run)
{
	ListCell   *lc;

	foreach(lc, run->found)
	{
		char	  **strings = lfirst(lc);
		const char *severity = strings[COLUMN_SEVERITY];

		if (severity == NULL || strings[COLUMN_MESSAGE] == NULL)
			report_bad_check(run, "check_garbage",
							 "returned a row without severity or message",
							 NULL);
		else if (strcmp(severity, HOOK_FINDING_ERROR) != 0 &&
				 strcmp(severity, HOOK_FINDING_WARNING) != 0 &&
				 strcmp(severity, HOOK_FINDING_NOTICE) != 0)
			report_bad_check(run, "check_garbage",
							 psprintf("returned a row with severity \"%.*s\": %s",
									  NAMEDATALEN, severity,
									  strings[COLUMN_MESSAGE]),
							 "Severities are error, warning and notice.");
		else
			hooks_findings_add(run->findings, severity, "found",
							   strings[COLUMN_OBJECT],
							   strings[COLUMN_MESSAGE],
							   strings[COLUMN_HINT]);
	}
	if (run->more)
		report_bad_check(run, "check_garbage",
						 psprintf("returned more than %d rows", MAX_ROWS),
						 NULL);
}

PG_FUNCTION_INFO_V1(hooks_check);

/*
 * hooks.check(package text) returns setof record
 *
 * Runs the checks that are registered, or those of a package, and adds what
 * the extension finds about its hooks.  A check that fails is a row.  KH003 if
 * a check calls this.
 */
Datum
hooks_check(PG_FUNCTION_ARGS)
{
	char	   *package = hooks_argument_optional_text(fcinfo, 0);
	HookFindings findings;
	ListCell   *lc;

	if (checking)
		ereport(ERROR,
				(errcode(ERRCODE_HOOK_RECURSION),
				 errmsg("a check cannot call hooks.check()")));
	findings.rows = hooks_result_begin(fcinfo, &findings.desc);
	foreach(lc, hooks_checks_all(package))
	{
		CheckRun	run = {lfirst(lc), &findings, CurrentMemoryContext};
		ErrorData  *volatile error = NULL;

		CHECK_FOR_INTERRUPTS();
		findings.check = run.check->name;
		checking = true;
		PG_TRY();
		{
			error = hooks_attempt(run_check, &run);
		}
		PG_FINALLY();
		{
			checking = false;
		}
		PG_END_TRY();
		if (error == NULL)
			report_check(&run);
		else
			report_bad_check(&run, "check_failed",
							 psprintf("failed: %s", error->message),
							 error->hint);
	}
	findings.check = "hooks";
	hooks_findings_make(&findings, package);
	return (Datum) 0;
}
