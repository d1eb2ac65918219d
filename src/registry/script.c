/*
 * script.c
 *		The SQL API that writes hooks down as commands: hooks.script().
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "utils/varlena.h"

#include "base/settings.h"
#include "registry/arguments.h"
#include "registry/condition.h"
#include "registry/registry.h"

/* Commands that are being written */
typedef struct Script
{
	ReturnSetInfo *result;
	Oid			role;			/* that the commands so far leave in force, */
	const char *search_path;	/* and the path */
	bool		role_changed;
	bool		path_changed;
} Script;

static void
write_command(Script *script, const char *command)
{
	Datum		value = CStringGetTextDatum(command);
	bool		isnull = false;

	tuplestore_putvalues(script->result->setResult, script->result->setDesc,
						 &value, &isnull);
}

static void
add_value(StringInfo call, const char *argument, const char *value)
{
	appendStringInfo(call, ",\n    %s => %s", argument, value);
}

static void
add_text(StringInfo call, const char *argument, const char *value)
{
	if (value != NULL)
		add_value(call, argument, quote_literal_cstr(value));
}

static void
add_array(StringInfo call, const char *argument, ArrayType *array)
{
	Oid			output;
	bool		varlena;

	if (array == NULL || ARR_NDIM(array) == 0)
		return;
	getTypeOutputInfo(ARR_ELEMTYPE(array) == NAMEOID ? NAMEARRAYOID : TEXTARRAYOID,
					  &output, &varlena);
	add_text(call, argument,
			 OidOutputFunctionCall(output, PointerGetDatum(array)));
}

static void
add_interval(StringInfo call, const char *argument, Interval *interval)
{
	if (interval != NULL)
		add_text(call, argument,
				 DatumGetCString(DirectFunctionCall1(interval_out,
													 IntervalPGetDatum(interval))));
}

/*
 * The names in a hook's run_after that are hooks still: register() would refuse
 * the others, which have no say any more.
 */
static ArrayType *
living(ArrayType *run_after)
{
	int			n;
	char	  **names = hooks_hook_strings(run_after, &n);
	Datum	   *elements = palloc(sizeof(Datum) * (n + 1));
	int			nliving = 0;

	for (int i = 0; i < n; i++)
		if (hooks_registry_find(names[i]) != NULL)
			elements[nliving++] = CStringGetTextDatum(names[i]);
	return construct_array(elements, nliving, TEXTOID, -1, false, TYPALIGN_INT);
}

/*
 * SELECT hooks.register(...): what is the default is left out, but for what the
 * default depends on other arguments.
 */
static char *
register_call(const Hook *hook)
{
	StringInfoData call;

	initStringInfo(&call);
	appendStringInfo(&call, "SELECT hooks.register(%s, %s, %s,\n    %s, %s",
					 quote_literal_cstr(hook->name),
					 quote_literal_cstr(hooks_event_phase_word(hook->phase)),
					 quote_literal_cstr(hooks_event_action_list(hook->actions)),
					 !OidIsValid(hook->relation) ? "NULL" :
					 quote_literal_cstr(quote_qualified_identifier(get_namespace_name(get_rel_namespace(hook->relation)),
																   get_rel_name(hook->relation))),
					 quote_literal_cstr(format_procedure_qualified(hook->callback)));
	add_text(&call, "level", hooks_event_level_word(hook->level));
	add_text(&call, "condition",
			 hooks_condition_text(hook->relation, hook->condition));
	add_array(&call, "columns", hooks_hook_column_names(hook));
	add_array(&call, "arguments", hook->arguments);
	add_text(&call, "on_error", hooks_event_policy_word(hook->policy));
	add_interval(&call, "timeout", hook->timeout);
	if (hook->max_attempts != 0)
		add_value(&call, "max_attempts", psprintf("%d", hook->max_attempts));
	if (hook->priority != 0)
		add_value(&call, "priority", psprintf("%d", hook->priority));
	add_array(&call, "run_after", living(hook->run_after));
	if (hook->run_as != HOOK_AS_OWNER)
		add_text(&call, "run_as", hooks_event_run_as_word(hook->run_as));
	if (hook->fire != HOOK_ORIGIN)
		add_text(&call, "fire", hooks_event_fire_word(hook->fire));
	if (OidIsValid(hook->schema))
		add_text(&call, "schema", get_namespace_name(hook->schema));
	add_text(&call, "package", hook->package);
	add_text(&call, "description", hook->description);
	appendStringInfoString(&call, ");");
	return call.data;
}

/*
 * The commands that make a hook, as its owner and under its search_path.
 */
static void
write_hook(Script *script, const Hook *hook)
{
	if (script->role != hook->owner)
	{
		write_command(script,
					  psprintf("SET ROLE %s;",
							   quote_identifier(GetUserNameFromId(hook->owner, false))));
		script->role = hook->owner;
		script->role_changed = true;
	}
	if (strcmp(script->search_path, hook->search_path) != 0)
	{
		write_command(script,
					  psprintf("SET search_path = %s;",
							   hook->search_path[0] == '\0' ? "''" :
							   hook->search_path));
		script->search_path = hook->search_path;
		script->path_changed = true;
	}
	write_command(script, register_call(hook));
	if (!hook->enabled)
		write_command(script, psprintf("SELECT hooks.disable(%s);",
									   quote_literal_cstr(hook->name)));
}

/*
 * Is every hook that this one must run after, if it is in the list, written?
 */
static bool
is_ready(const Hook *hook, List *unwritten)
{
	int			n;
	char	  **names = hooks_hook_strings(hook->run_after, &n);
	ListCell   *lc;

	for (int i = 0; i < n; i++)
		foreach(lc, unwritten)
			if (strcmp(((const Hook *) lfirst(lc))->name, names[i]) == 0)
				return false;
	return true;
}

/*
 * Writes hooks in the order of their registration, but each after those that it
 * must run after.
 */
static void
write_hooks(Script *script, List *hooks)
{
	while (hooks != NIL)
	{
		List	   *left = NIL;
		ListCell   *lc;

		foreach(lc, hooks)
		{
			CHECK_FOR_INTERRUPTS();
			if (is_ready(lfirst(lc), left) &&
				is_ready(lfirst(lc), list_copy_tail(hooks, foreach_current_index(lc) + 1)))
				write_hook(script, lfirst(lc));
			else
				left = lappend(left, lfirst(lc));
		}
		if (list_length(left) == list_length(hooks))
			elog(ERROR, "run_after of hooks has a cycle");
		hooks = left;
	}
}

PG_FUNCTION_INFO_V1(hooks_script);

/*
 * hooks.script(package text) returns setof text
 *
 * The commands that register the same hooks again, or those of a package: SELECT
 * hooks.register(...) for each, SELECT hooks.disable(...) where that is so, and
 * SET ROLE and SET search_path where they differ from those in force.  Damaged
 * hooks cannot be written and are told of with a WARNING.
 */
Datum
hooks_script(PG_FUNCTION_ARGS)
{
	char	   *package = PG_ARGISNULL(0) ? NULL :
		text_to_cstring(PG_GETARG_TEXT_PP(0));
	Script		script = {NULL};
	int			guc_level;
	List	   *hooks = NIL;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	script.result = (ReturnSetInfo *) fcinfo->resultinfo;
	script.role = GetUserId();
	script.search_path = hooks_arguments_search_path();
	foreach(lc, package == NULL ? hooks_registry_all() :
			hooks_registry_of_package(package))
	{
		Hook	   *hook = lfirst(lc);

		if (hook->damage == NULL)
			hooks = lappend(hooks, hook);
		else
			ereport(WARNING,
					(errcode(ERRCODE_HOOK_ERROR),
					 errmsg("hook \"%s\" is left out: %s", hook->name,
							hook->damage)));
	}
	guc_level = NewGUCNestLevel();
	(void) set_config_option("intervalstyle", "postgres", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	write_hooks(&script, hooks);
	AtEOXact_GUC(false, guc_level);
	if (script.role_changed)
		write_command(&script, "RESET ROLE;");
	if (script.path_changed)
		write_command(&script, "RESET search_path;");
	return (Datum) 0;
}
