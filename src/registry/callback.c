/*
 * callback.c
 *		From the text of a callback to a function.
 *
 * This is done once, in hooks.register(); after that a callback is known by
 * its OID.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pg_list.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "base/own.h"
#include "base/settings.h"
#include "registry/callback.h"

#define TRIGGER_SHAPE \
	"A callback for this phase and action is a trigger function: " \
	"CREATE FUNCTION name() RETURNS trigger ..."
#define EVENT_SHAPE \
	"A callback for this phase and action takes the event as jsonb: " \
	"CREATE FUNCTION name(event jsonb) RETURNS void ..."

/*
 * The parts of a function's name, as String nodes; NIL if it is not a name.
 * An argument list in parentheses at the end is cut off; *arguments is what is
 * in it, NULL if there is no list or none that ends the text.
 */
static List *
callback_names(const char *name, char **arguments)
{
	char	   *copy = pstrdup(name);
	bool		quoted = false;
	List	   *parts;
	List	   *names = NIL;
	ListCell   *lc;

	*arguments = NULL;
	for (char *p = copy; *p != '\0'; p++)
	{
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '(' && !quoted)
		{
			char	   *end = p + strlen(p);

			while (end > p && strchr(" \t\n", end[-1]) != NULL)
				end--;
			if (end[-1] != ')')
				return NIL;
			for (end--; end > p + 1 && strchr(" \t\n", end[-1]) != NULL; end--)
				;
			*end = '\0';
			*arguments = pstrdup(p + 1 + strspn(p + 1, " \t\n"));
			*p = '\0';
			break;
		}
	}

	if (!SplitIdentifierString(copy, '.', &parts) ||
		parts == NIL || list_length(parts) > 3)
		return NIL;
	foreach(lc, parts)
	{
		names = lappend(names, makeString(pstrdup(lfirst(lc))));
	}
	return names;
}

/*
 * Does the argument list, if there is one, say what the shape asks for?
 */
static bool
arguments_match(const char *arguments, bool takes_jsonb)
{
	return arguments == NULL ||
		strcmp(arguments, takes_jsonb ? "jsonb" : "") == 0 ||
		(takes_jsonb && strcmp(arguments, "pg_catalog.jsonb") == 0);
}

/*
 * Is there something of that name, but nothing of the right shape?
 */
static bool
has_wrong_shape(List *names, bool takes_jsonb)
{
	FuncCandidateList candidate = hooks_function_candidates(names);

	if (candidate == NULL)
		return false;
	for (; candidate != NULL; candidate = candidate->next)
		if (candidate->nargs == (takes_jsonb ? 1 : 0) &&
			(!takes_jsonb || candidate->args[0] == JSONBOID) &&
			get_func_prokind(candidate->oid) == PROKIND_FUNCTION)
			return false;
	return true;
}

/*
 * What is wrong with a function as a callback, NULL if nothing is.
 */
const char *
hooks_callback_problem(Oid function, bool takes_jsonb)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	const char *problem = NULL;

	if (!HeapTupleIsValid(tuple))
		return "It does not exist.";
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (form->pronargs != (takes_jsonb ? 1 : 0) ||
		(takes_jsonb && form->proargtypes.values[0] != JSONBOID))
		problem = "It takes other arguments.";
	else if (form->prokind != PROKIND_FUNCTION)
		problem = "It is not an ordinary function.";
	else if (form->proretset)
		problem = "It returns a set.";
	else if (takes_jsonb ? get_typtype(form->prorettype) == TYPTYPE_PSEUDO &&
			 form->prorettype != VOIDOID && form->prorettype != RECORDOID :
			 form->prorettype != TRIGGEROID)
		problem = psprintf("It returns type %s%s.",
						   format_type_be(form->prorettype),
						   takes_jsonb ? "" : " instead of trigger");
	else if (isAnyTempNamespace(form->pronamespace))
		problem = "It is temporary, and the hook would outlive it.";
	else if (function == hooks_own_function("dispatch", 0))
		problem = "It is the function that calls the callbacks.";
	ReleaseSysCache(tuple);
	return problem;
}

/*
 * The function that a user's text names, qualified or on the search_path, with
 * its argument list or without: a trigger function, or one that takes jsonb.
 *
 * 42883 if there is no function of that name, 42P17 if it cannot be a
 * callback; the schema's privileges are checked as in any look-up.
 */
Oid
hooks_callback_lookup(const char *name, bool takes_jsonb)
{
	char	   *arguments;
	List	   *names = callback_names(name, &arguments);
	Oid			jsonb = JSONBOID;
	Oid			function = InvalidOid;
	const char *problem;

	if (names != NIL && arguments_match(arguments, takes_jsonb))
		function = LookupFuncName(names, takes_jsonb ? 1 : 0, &jsonb, true);
	if (!OidIsValid(function) && names != NIL &&
		has_wrong_shape(names, takes_jsonb))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("function \"%s\" cannot be the callback of this hook",
						name),
				 takes_jsonb ?
				 errdetail("It does not take one argument of type jsonb, or is a procedure.") :
				 errdetail("It takes arguments, or is a procedure."),
				 takes_jsonb ? errhint(EVENT_SHAPE) : errhint(TRIGGER_SHAPE)));
	if (!OidIsValid(function))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("callback function \"%s\" does not exist", name),
				 errhint("A callback is named as in CREATE TRIGGER ... EXECUTE FUNCTION: qualified, or on the search_path.")));
	problem = hooks_callback_problem(function, takes_jsonb);
	if (problem != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("function \"%s\" cannot be the callback of this hook",
						name),
				 errdetail_internal("%s", problem),
				 takes_jsonb ? errhint(EVENT_SHAPE) : errhint(TRIGGER_SHAPE)));
	return function;
}

/*
 * Is a callback, named as for hooks_callback_lookup(), a function that takes
 * jsonb, and no trigger function?
 */
bool
hooks_callback_takes_jsonb(const char *name)
{
	char	   *arguments;
	List	   *names = callback_names(name, &arguments);

	return names != NIL && arguments_match(arguments, true) &&
		(!arguments_match(arguments, false) ||
		 has_wrong_shape(names, false)) && !has_wrong_shape(names, true);
}

/*
 * The function without arguments that a user's text names; 42883 if there is
 * none.
 */
Oid
hooks_callback_lookup_plain(const char *name)
{
	char	   *arguments;
	List	   *names = callback_names(name, &arguments);
	Oid			function = InvalidOid;

	if (names != NIL && (arguments == NULL || arguments[0] == '\0'))
		function = LookupFuncName(names, 0, NULL, true);
	if (!OidIsValid(function))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function \"%s\" without arguments does not exist",
						name)));
	return function;
}

/*
 * A callback as hooks.register() takes it, in a form that means the same under
 * an empty search_path and in every session.
 */
char *
hooks_callback_text(Oid function)
{
	int			guc_level = hooks_settings_quote_plainly();
	char	   *name = format_procedure_qualified(function);

	AtEOXact_GUC(false, guc_level);
	return name;
}

static bool
add_function(Oid function, void *context)
{
	List	  **functions = context;

	if (function >= FirstNormalObjectId)
		*functions = list_append_unique_oid(*functions, function);
	return false;
}

static bool
collect_functions(Node *node, void *context)
{
	if (node == NULL)
		return false;
	(void) check_functions_in_node(node, add_function, context);
	return expression_tree_walker(node, collect_functions, context);
}

/*
 * The functions that an expression calls, other than PostgreSQL's own.
 */
List *
hooks_callback_functions(Node *expression)
{
	List	   *functions = NIL;

	(void) collect_functions(expression, &functions);
	return functions;
}

/*
 * Does reading a constant of the type run what somebody wrote: is a domain
 * with its CHECK inside of it, or a range that somebody makes canonical?
 */
bool
hooks_callback_type_runs_code(Oid type)
{
	char		kind = get_typtype(type);
	Oid			element = get_element_type(type);

	check_stack_depth();
	if (kind == TYPTYPE_DOMAIN)
		return true;
	if (OidIsValid(element))
		return hooks_callback_type_runs_code(element);
	if (kind == TYPTYPE_RANGE)
	{
		const TypeCacheEntry *range =
			lookup_type_cache(type, TYPECACHE_RANGE_INFO);

		return range->rng_canonical_finfo.fn_oid >= FirstNormalObjectId ||
			hooks_callback_type_runs_code(get_range_subtype(type));
	}
	if (kind == TYPTYPE_MULTIRANGE)
		return hooks_callback_type_runs_code(get_multirange_range(type));
	if (kind == TYPTYPE_COMPOSITE)
	{
		TupleDesc	desc = lookup_rowtype_tupdesc_copy(type, -1);

		for (int i = 0; i < desc->natts; i++)
			if (!TupleDescAttr(desc, i)->attisdropped &&
				hooks_callback_type_runs_code(TupleDescAttr(desc,
															i)->atttypid))
				return true;
	}
	return false;
}

static bool
runs_code(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, CoerceToDomain) ||
		(IsA(node, Const) &&
		 hooks_callback_type_runs_code(((Const *) node)->consttype)))
		return true;
	return expression_tree_walker(node, runs_code, context);
}

/*
 * Does reading an expression's text, or evaluating it, run what somebody
 * wrote?
 */
bool
hooks_callback_expression_runs_code(Node *expression)
{
	return hooks_callback_functions(expression) != NIL ||
		runs_code(expression, NULL);
}
