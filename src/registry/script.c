/*
 * script.c
 *		The SQL API that writes hooks down as commands: hooks.script().
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "utils/varlena.h"

#include "base/argument.h"
#include "base/glance.h"
#include "base/identity.h"
#include "base/place.h"
#include "base/rights.h"
#include "base/settings.h"
#include "registry/arguments.h"
#include "registry/callback.h"
#include "registry/checks.h"
#include "registry/condition.h"
#include "registry/filter.h"
#include "registry/path.h"
#include "registry/registry.h"

/* Commands that are being written */
typedef struct Script
{
	ReturnSetInfo *result;
	Oid			role;			/* that the commands so far leave in force, */
	const char *search_path;	/* and the path */
	bool		role_changed;
	bool		path_changed;
	bool		strings_changed;
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
	getTypeOutputInfo(ARR_ELEMTYPE(array) == NAMEOID ? NAMEARRAYOID :
					  TEXTARRAYOID,
					  &output, &varlena);
	add_text(call, argument,
			 OidOutputFunctionCall(output, PointerGetDatum(array)));
}

static void
add_interval(StringInfo call, const char *argument, Interval *interval)
{
	if (interval != NULL)
	{
		Datum		written = DirectFunctionCall1(interval_out,
												  IntervalPGetDatum(interval));

		add_text(call, argument, DatumGetCString(written));
	}
}

static bool
is_among(const char *name, List *hooks, int first)
{
	ListCell   *lc;

	for_each_from(lc, hooks, first)
	{
		if (strcmp(((const Hook *) lfirst(lc))->name, name) == 0)
			return true;
	}
	return false;
}

/*
 * The names in a hook's run_after that hooks.register() takes: of hooks that
 * there are still, as others have no say any more, and that are not written
 * later, which begin at "later" in the list.  *all tells whether none is left
 * out for that.
 */
static ArrayType *
known(ArrayType *run_after, List *hooks, int later, bool *all)
{
	int			n;
	char	  **names = hooks_hook_strings(run_after, &n);
	Datum	   *elements = palloc(sizeof(Datum) * (n + 1));
	int			nknown = 0;

	*all = true;
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (is_among(names[i], hooks, later))
			*all = false;
		else if (hooks_registry_find(names[i]) != NULL)
			elements[nknown++] = CStringGetTextDatum(names[i]);
	}
	return construct_array(elements, nknown, TEXTOID, -1, false, TYPALIGN_INT);
}

/*
 * The actions of a hook as hooks.register() takes them: names together with
 * other actions only in the group that has them.
 */
static char *
written_actions(const Hook *hook)
{
	int			others = hook->actions & ~HOOK_LIFECYCLE;

	if ((hook->actions & HOOK_NAME) == 0 || hook->actions == HOOK_NAME)
		return hooks_word_action_list(hook->actions);
	return psprintf("%s%s%s", "lifecycle", others == 0 ? "" : ", ",
					hooks_word_action_list(others));
}

/*
 * SELECT hooks.register(...).  An argument that has its default is left out,
 * unless the default depends on other arguments.
 */
static char *
register_call(const Hook *hook, ArrayType *run_after, bool replace)
{
	StringInfoData call;
	char	   *actions = written_actions(hook);

	initStringInfo(&call);
	appendStringInfo(&call, "SELECT hooks.register(%s, %s, %s,\n    %s, %s",
					 quote_literal_cstr(hook->name),
					 quote_literal_cstr(hooks_word_of_phase(hook->phase)),
					 quote_literal_cstr(actions),
					 !OidIsValid(hook->relation) ? "NULL" :
					 quote_literal_cstr(hooks_place_quoted(hook->relation)),
					 quote_literal_cstr(hooks_callback_text(hook->callback)));
	add_text(&call, "level", hooks_word_of_level(hook->level));
	add_text(&call, "condition",
			 hooks_condition_text(hook->relation, hook->condition));
	add_array(&call, "columns", hooks_hook_column_names(hook, hook->columns));
	add_array(&call, "arguments", hook->arguments);
	add_text(&call, "on_error", hooks_word_of_policy(hook->policy));
	add_interval(&call, "timeout", hook->timeout);
	if (hook->max_attempts != 0)
		add_value(&call, "max_attempts", psprintf("%d", hook->max_attempts));
	if (hook->priority != 0)
		add_value(&call, "priority", psprintf("%d", hook->priority));
	add_array(&call, "run_after", run_after);
	if (hook->run_as != HOOK_AS_OWNER)
		add_text(&call, "run_as", hooks_word_of_run_as(hook->run_as));
	if (hook->fire != HOOK_ORIGIN)
		add_text(&call, "fire", hooks_word_of_fire(hook->fire));
	if (hook->activation != HOOK_ACTIVE_ALWAYS)
		add_text(&call, "activation",
				 hooks_word_of_activation(hook->activation));
	if (OidIsValid(hook->schema))
		add_text(&call, "schema", get_namespace_name(hook->schema));
	add_text(&call, "package", hook->package);
	add_text(&call, "description", hook->description);
	add_array(&call, "payload", hooks_hook_column_names(hook, hook->payload));
	if (replace)
		add_value(&call, "replace", "true");
	appendStringInfoString(&call, ");");
	return call.data;
}

static void
set_parameter(Script *script, const char *name, const char *value,
			  bool *changed)
{
	write_command(script, psprintf("SET %s = %s;", name, value));
	*changed = true;
}

static void
set_role(Script *script, Oid role)
{
	if (script->role == role)
		return;
	write_command(script,
				  psprintf("SET ROLE %s;",
						   quote_identifier(GetUserNameFromId(role, false))));
	script->role = role;
	script->role_changed = true;
}

static void
set_path(Script *script, const char *search_path)
{
	if (strcmp(script->search_path, search_path) == 0)
		return;
	set_parameter(script, "search_path", hooks_path_quoted(search_path),
				  &script->path_changed);
	script->search_path = search_path;
}

/*
 * Before a text that is an expression.
 */
static void
set_strings(Script *script, const char *expression)
{
	if (expression != NULL && strchr(expression, '\\') != NULL &&
		!script->strings_changed)
		set_parameter(script, "standard_conforming_strings", "on",
					  &script->strings_changed);
}

/*
 * Makes role and parameters what a hook's registration needs.
 */
static void
set_scene(Script *script, const Hook *hook)
{
	set_role(script, hook->owner);
	set_path(script, hook->search_path);
}

/*
 * The commands that make the hook at a position of the list.  The hooks behind
 * it are made after it, to keep the order; if it must run after one of them,
 * it is registered once more at the end.  False if that is so.
 */
static bool
write_hook(Script *script, List *hooks, int position, bool again)
{
	const Hook *hook = list_nth(hooks, position);
	bool		all;
	ArrayType  *run_after = known(hook->run_after, hooks,
								  again ? list_length(hooks) : position + 1,
								  &all);
	char	   *condition =
		hooks_condition_text(hook->relation, hook->condition);

	set_scene(script, hook);
	set_strings(script, condition);
	write_command(script, register_call(hook, run_after, again || !all));
	if (all && !hook->enabled)
		write_command(script, psprintf("SELECT hooks.disable(%s);",
									   quote_literal_cstr(hook->name)));
	return all;
}

/*
 * The same, unless the hook's table was dropped since the hooks were read.
 * What is written of its columns opens the table.
 */
static bool
write_hook_of_table(Script *script, List *hooks, int position, bool again)
{
	Oid			relid = ((const Hook *) list_nth(hooks, position))->relation;
	HookGlance	glance;
	bool		all = true;

	if (!OidIsValid(relid))
		return write_hook(script, hooks, position, again);
	hooks_glance_begin(&glance);
	LockRelationOid(relid, AccessShareLock);
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		all = write_hook(script, hooks, position, again);
	hooks_glance_end(&glance);
	return all;
}

/*
 * Writes hooks in the order of their registration.
 */
static void
write_hooks(Script *script, List *hooks)
{
	List	   *again = NIL;
	ListCell   *lc;

	foreach(lc, hooks)
	{
		if (!write_hook_of_table(script, hooks, foreach_current_index(lc),
								 false))
			again = lappend_int(again, foreach_current_index(lc));
	}
	foreach(lc, again)
	{
		(void) write_hook_of_table(script, hooks, lfirst_int(lc), true);
	}
}

/*
 * Writes all filters, as the owners of their tables.
 */
static void
write_filters(Script *script)
{
	ListCell   *lc;

	foreach(lc, hooks_filter_all())
	{
		const HookFilter *filter = lfirst(lc);
		char	   *expression = hooks_filter_text(filter);
		StringInfoData call;

		CHECK_FOR_INTERRUPTS();
		if (expression == NULL)
			continue;
		set_role(script, hooks_rights_owner(filter->relation));
		set_strings(script, expression);
		initStringInfo(&call);
		appendStringInfo(&call, "SELECT hooks.register_filter(%s",
						 quote_literal_cstr(filter->name));
		add_text(&call, "relation", hooks_place_quoted(filter->relation));
		add_text(&call, "using_expression", expression);
		if (hooks_filter_is_on(filter->relation))
			add_value(&call, "enable", "true");
		appendStringInfoString(&call, ");");
		write_command(script, call.data);
	}
}

/*
 * Writes the checks of a package, or all.
 */
static void
write_checks(Script *script, const char *package)
{
	ListCell   *lc;

	foreach(lc, hooks_checks_all(package))
	{
		const HookCheck *check = lfirst(lc);
		StringInfoData call;
		char	   *callback;

		if (!OidIsValid(check->callback))
			continue;
		callback = hooks_callback_text(check->callback);
		set_role(script, check->owner);
		if (check->search_path != NULL &&
			strcmp(hooks_path_temporary_last(script->search_path),
				   check->search_path) != 0)
			set_path(script, check->search_path);
		initStringInfo(&call);
		appendStringInfo(&call, "SELECT hooks.register_check(%s, %s",
						 quote_literal_cstr(check->name),
						 quote_literal_cstr(callback));
		add_text(&call, "package", check->package);
		appendStringInfoString(&call, ");");
		write_command(script, call.data);
	}
}

PG_FUNCTION_INFO_V1(hooks_script);

/*
 * hooks.script(package text) returns setof text
 *
 * The commands that register the same hooks again, or those of a package:
 * SELECT hooks.register(...) for each, SELECT hooks.disable(...) where that is
 * so, SELECT hooks.register_filter(...) for filters, which are of no package,
 * hooks.register_check(...) for checks, and SET ROLE and SET where something
 * else is in force.  Damaged hooks cannot be written and are told of with a
 * WARNING.
 */
Datum
hooks_script(PG_FUNCTION_ARGS)
{
	char	   *package = hooks_argument_optional_text(fcinfo, 0);
	Script		script = {NULL};
	int			guc_level;
	List	   *hooks = NIL;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	script.result = (ReturnSetInfo *) fcinfo->resultinfo;
	script.role = GetUserId();
	guc_level = hooks_settings_quote_plainly();
	hooks_identity_set("intervalstyle", "postgres");
	script.search_path = hooks_path_current();
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
	write_hooks(&script, hooks);
	if (package == NULL)
		write_filters(&script);
	write_checks(&script, package);
	AtEOXact_GUC(false, guc_level);
	if (script.role_changed)
		write_command(&script, "RESET ROLE;");
	if (script.path_changed)
		write_command(&script, "RESET search_path;");
	if (script.strings_changed)
		write_command(&script, "RESET standard_conforming_strings;");
	return (Datum) 0;
}
