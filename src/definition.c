/*
 * definition.c
 *		From the arguments of hooks.register() to a hook, or an error.
 *
 * Everything about a definition is decided here: which words go together, what
 * the defaults are, whether the objects exist and may be used.  Nothing is
 * written.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/relation.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "callback.h"
#include "compat.h"
#include "condition.h"
#include "definition.h"
#include "own.h"
#include "registry.h"
#include "scope.h"
#include "settings.h"

/* arguments of hooks.register(), as in the install script */
enum
{
	ARG_NAME,
	ARG_PHASE,
	ARG_ACTION,
	ARG_RELATION,
	ARG_CALLBACK,
	ARG_LEVEL,
	ARG_CONDITION,
	ARG_COLUMNS,
	ARG_ARGUMENTS,
	ARG_ON_ERROR,
	ARG_TIMEOUT,
	ARG_MAX_ATTEMPTS,
	ARG_PRIORITY,
	ARG_RUN_AFTER,
	ARG_RUN_AS,
	ARG_FIRE,
	ARG_SCHEMA,
	ARG_PACKAGE,
	ARG_DESCRIPTION,
	ARG_REPLACE = HOOKS_ARG_REPLACE
};

/*
 * 42P17: a combination of arguments that makes no sense.
 */
#define refuse(...) \
	ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION), __VA_ARGS__))

/*
 * The most that is kept of a hook, in bytes.  Others read the registry, too:
 * generous for who writes by hand, and nothing that fills their memory.
 */
#define MAX_LONG			(64 * 1024)
#define MAX_DESCRIPTION		(16 * 1024)
#define MAX_PACKAGE			255

/*
 * 22023 for more than that.
 */
static void
check_size(const char *what, size_t size, size_t limit)
{
	if (size > limit)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("size of a hook's %s exceeds the limit", what),
				 errdetail("It has %zu bytes; the limit is %zu.", size, limit)));
}

void
hooks_definition_require(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", name)));
}

static char *
text_arg(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

/*
 * The same for what is kept, which is measured before it is fetched.
 */
static char *
kept_text_arg(FunctionCallInfo fcinfo, int arg, const char *name, size_t limit)
{
	if (!PG_ARGISNULL(arg))
		check_size(name, toast_raw_datum_size(PG_GETARG_DATUM(arg)) - VARHDRSZ,
				   limit);
	return text_arg(fcinfo, arg);
}

char *
hooks_definition_text(FunctionCallInfo fcinfo, int arg, const char *name)
{
	hooks_definition_require(fcinfo, arg, name);
	return text_arg(fcinfo, arg);
}

/*
 * An array argument without NULLs, of one dimension; NULL if it is empty and
 * not required.
 */
static ArrayType *
array_arg(FunctionCallInfo fcinfo, int arg, const char *name, bool required)
{
	ArrayType  *array;

	if (required)
		hooks_definition_require(fcinfo, arg, name);
	else if (PG_ARGISNULL(arg))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P_COPY(arg);
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not contain nulls", name)));
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be a one-dimensional array", name)));
	return ARR_NDIM(array) == 0 && !required ? NULL : array;
}

/*
 * The name of a hook: 1 to 63 bytes.
 */
static char *
hook_name_arg(FunctionCallInfo fcinfo, int arg)
{
	char	   *name = hooks_definition_text(fcinfo, arg, "name");

	if (name[0] == '\0' || strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid hook name: \"%.*s\"",
						pg_mbcliplen(name, strlen(name), NAMEDATALEN - 1), name),
				 errdetail("A hook name has 1 to %d bytes; this one has %zu.",
						   NAMEDATALEN - 1, strlen(name))));
	return name;
}

/*
 * Which phases, actions and levels go together, and their defaults.
 */
static void
check_event(Hook *hook, bool asked_for_truncate)
{
	int			cascading = HOOK_UPDATE | HOOK_DELETE | HOOK_TRUNCATE | HOOK_DROP;

	if (hook->phase == HOOK_BEFORE_CASCADE)
	{
		if (hook->level == HOOK_ROW)
			refuse(errmsg("phase \"before_cascade\" has no level \"row\""),
				   errhint("It fires once for the whole set of rows; the rows are in old_table."));
		if (hook->actions & ~cascading)
			refuse(errmsg("phase \"before_cascade\" has no action \"%s\"",
						  hooks_event_action_list(hook->actions & ~cascading)),
				   errhint("Its actions are delete, update, truncate and drop."));
		hook->level = HOOK_STATEMENT;
	}
	if (hook->actions & HOOK_DROP)
	{
		if (hook->phase == HOOK_AFTER)
			refuse(errmsg("phase \"after\" has no action \"drop\""),
				   errhint("Use phase before or before_cascade, while the relation is still there."));
		if (hook->level == HOOK_ROW)
			refuse(errmsg("action \"drop\" has no level \"row\""));
		if (hook->actions != HOOK_DROP)
			refuse(errmsg("action \"drop\" cannot be combined with other actions"),
				   errdetail("Its callback is no trigger function, but takes the event as jsonb."));
		hook->level = HOOK_STATEMENT;
	}
	if (hook->actions & HOOK_NAME)
	{
		if (hook->level == HOOK_STATEMENT)
			refuse(errmsg("action \"name\" has no level \"statement\""));
		if (hook->actions != HOOK_NAME)
			refuse(errmsg("action \"name\" cannot be combined with other actions"));
		if (hook->columns == NULL)
			refuse(errmsg("action \"name\" needs columns"),
				   errhint("Pass the columns that are the name; the hook fires once when all of them become non-null."));
		hook->level = HOOK_ROW;
	}
	if (hook->level == HOOK_NO_LEVEL)
		hook->level = hook->actions == HOOK_TRUNCATE ? HOOK_STATEMENT : HOOK_ROW;
	if (hook->level == HOOK_ROW && (hook->actions & HOOK_TRUNCATE))
	{
		if (asked_for_truncate)
			refuse(errmsg("action \"truncate\" has no level \"row\""),
				   errhint("TRUNCATE does not look at rows; register it with level => 'statement'."));
		hook->actions &= ~HOOK_TRUNCATE;
	}
	if (hook->columns != NULL && !(hook->actions & (HOOK_UPDATE | HOOK_NAME)))
		refuse(errmsg("columns are for the actions \"update\" and \"name\""));
}

static bool
is_longer(Interval *a, Interval *b)
{
	return DatumGetInt32(DirectFunctionCall2(interval_cmp,
											 IntervalPGetDatum(a),
											 IntervalPGetDatum(b))) > 0;
}

/*
 * 22023 for what can only be a mistake.  Whoever writes 200 and means
 * milliseconds, as for parameters of PostgreSQL, is told that it is seconds.
 */
static void
check_timeout(Hook *hook)
{
	Interval	zero = {0};
	Interval	day = {.day = 1};
	Interval	minute = {.time = USECS_PER_MINUTE};

	if (!is_longer(hook->timeout, &zero))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeout of a hook must be greater than zero")));
	if (is_longer(hook->timeout, &day))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeout of a hook must not be longer than a day")));
	if (is_longer(hook->timeout, &minute))
		ereport(NOTICE,
				(errmsg("timeout of hook \"%s\" is %s", hook->name,
						DatumGetCString(DirectFunctionCall1(interval_out,
															IntervalPGetDatum(hook->timeout)))),
				 errhint("An interval without a unit is in seconds.")));
}

static void
check_policy(Hook *hook)
{
	if (hook->max_attempts != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("max_attempts is not supported by this version"),
				 errdetail("A callback that failed is not called again.")));
	if (hook->timeout != NULL)
		check_timeout(hook);
}

/*
 * Opens a relation that the hook can be registered on: 42P01 if it is not
 * there, 42809 if it is no such relation, 42501 if the caller could not create
 * a trigger on it.
 */
static Relation
open_target(Hook *hook, bool asked_for_truncate)
{
	Relation	rel = try_relation_open(hook->relation, AccessShareLock);
	const char *problem;
	AclResult	result;

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", hook->relation)));
	(void) hooks_scope_allows(hook->relation, hook->actions, &problem);
	if (rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE &&
		!HOOKS_FOREIGN_TRUNCATE && !asked_for_truncate)
		hook->actions &= ~HOOK_TRUNCATE;
	for (int i = 0; i < HOOK_EVENTS && problem == NULL; i++)
		if (hooks_event_wants(&hooks_events[i], hook->phase, hook->level,
							  hook->actions) &&
			!hooks_event_is_possible(&hooks_events[i], rel->rd_rel->relkind))
			problem = psprintf("Foreign tables have no phase \"%s\" of action \"%s\".",
							   hooks_event_phase_word(hook->phase),
							   hooks_event_action_word(hooks_events[i].action));
	if (problem != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot register a hook on \"%s\"",
						RelationGetRelationName(rel)),
				 errdetail_internal("%s", problem)));
	result = pg_class_aclcheck(hook->relation, GetUserId(), ACL_TRIGGER);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, get_relkind_objtype(rel->rd_rel->relkind),
					   RelationGetRelationName(rel));
	return rel;
}

/*
 * A wide hook is for superusers, and says nothing about columns.
 */
static void
check_wide(const Hook *hook)
{
	Oid			schema;

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to register a hook on more than one table")));
	if (hook->columns != NULL)
		refuse(errmsg("columns are for hooks on one table"));
	if (hook->schema == NULL)
	{
		hooks_scope_lock(hook);
		return;
	}
	schema = get_namespace_oid(hook->schema, false);
	if (hooks_scope_is_system_schema(schema) || isAnyTempNamespace(schema) ||
		schema == get_namespace_oid("hooks", false))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot register a hook on schema \"%s\"", hook->schema),
				 errdetail("Catalogs, temporary tables and the tables of the extension hooks have no hooks.")));
	hooks_scope_lock(hook);
	if (get_namespace_oid(hook->schema, true) != schema)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" was concurrently dropped", hook->schema)));
}

/*
 * The columns exist, once each, and for "name" can be read when the hook fires.
 */
static void
check_columns(const Hook *hook, Relation rel)
{
	int			n;
	char	  **columns = hooks_hook_strings(hook->columns, &n);

	for (int i = 0; i < n; i++)
	{
		AttrNumber	attnum = get_attnum(RelationGetRelid(rel), columns[i]);

		if (attnum <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							columns[i], RelationGetRelationName(rel))));
		for (int j = 0; j < i; j++)
			if (strcmp(columns[j], columns[i]) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("column \"%s\" specified more than once",
								columns[i])));
		if (hook->phase == HOOK_BEFORE && (hook->actions & HOOK_NAME) &&
			TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attgenerated)
			refuse(errmsg("column \"%s\" is generated", columns[i]),
				   errdetail("Generated columns are not known before the row is there."),
				   errhint("Use phase after."));
	}
}

/* A hook that another must wait for, and how it was come upon */
typedef struct Predecessor
{
	char		name[NAMEDATALEN];	/* hash key, must be first */
	const struct Predecessor *from; /* NULL: in run_after of the origin */
} Predecessor;

/*
 * Reports (42P17) the cycle that a hook closes which runs after the origin.
 */
static void
report_cycle(const char *origin, const Predecessor *last)
{
	List	   *path = NIL;
	StringInfoData cycle;
	ListCell   *lc;

	for (; last != NULL; last = last->from)
		path = lcons((char *) last->name, path);
	initStringInfo(&cycle);
	appendStringInfo(&cycle, "\"%s\"", origin);
	foreach(lc, path)
		appendStringInfo(&cycle, " runs after \"%s\", which", (char *) lfirst(lc));
	appendStringInfo(&cycle, " runs after \"%s\"", origin);
	refuse(errmsg("run_after of hook \"%s\" has a cycle", origin),
		   errdetail_internal("%s.", cycle.data));
}

/*
 * Adds the hooks of a run_after to the queue, each once.
 */
static List *
add_predecessors(List *queue, HTAB *seen, const char *origin,
				 ArrayType *run_after, const Predecessor *from)
{
	int			n;
	char	  **names = hooks_hook_strings(run_after, &n);

	for (int i = 0; i < n; i++)
	{
		Predecessor *entry;
		bool		found;

		if (strcmp(names[i], origin) == 0)
			report_cycle(origin, from);
		if (from == NULL)
			(void) hooks_registry_get(names[i]);
		entry = hash_search(seen, names[i], HASH_ENTER, &found);
		if (found)
			continue;
		entry->from = from;
		queue = lappend(queue, entry);
	}
	return queue;
}

/*
 * 42704 for a hook that is not there, 42P17 for a cycle.
 */
void
hooks_definition_check_run_after(const Hook *hook)
{
	HASHCTL		info = {0};
	HTAB	   *seen;
	List	   *queue;

	info.keysize = NAMEDATALEN;
	info.entrysize = sizeof(Predecessor);
	info.hcxt = CurrentMemoryContext;
	seen = hash_create("hooks run_after", 64, &info,
					   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	queue = add_predecessors(NIL, seen, hook->name, hook->run_after, NULL);
	for (int i = 0; i < list_length(queue); i++)
	{
		const Predecessor *entry = list_nth(queue, i);
		const Hook *before = hooks_registry_find(entry->name);

		CHECK_FOR_INTERRUPTS();
		/* Further back, a hook that is gone has no say any more */
		if (before != NULL)
			queue = add_predecessors(queue, seen, hook->name,
									 before->run_after, entry);
	}
	hash_destroy(seen);
}

/*
 * Keeps functions from being dropped or renamed until the hook is committed,
 * or sees that this has happened already.
 */
static void
lock_functions(const Hook *hook, List *functions)
{
	ListCell   *lc;

	foreach(lc, functions)
	{
		LockDatabaseObject(ProcedureRelationId, lfirst_oid(lc), 0,
						   AccessShareLock);
		if (!SearchSysCacheExists1(PROCOID, ObjectIdGetDatum(lfirst_oid(lc))))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_FUNCTION),
					 errmsg("a function of hook \"%s\" was concurrently dropped",
							hook->name)));
	}
}

/*
 * Everything about a definition that needs no look at the registry.
 */
Hook *
hooks_definition_make(FunctionCallInfo fcinfo)
{
	Hook	   *hook = palloc0(sizeof(Hook));
	char	   *text;
	char	   *action;
	bool		asked_for_truncate;
	Oid			function;
	List	   *functions = NIL;
	AclResult	result;
	Relation	rel = NULL;

	hook->name = hook_name_arg(fcinfo, ARG_NAME);
	hook->phase = hooks_event_parse_phase(hooks_definition_text(fcinfo, ARG_PHASE, "phase"));
	action = hooks_definition_text(fcinfo, ARG_ACTION, "action");
	hook->actions = hooks_event_parse_actions(action);
	hook->callback = hooks_definition_text(fcinfo, ARG_CALLBACK, "callback");
	if ((text = text_arg(fcinfo, ARG_LEVEL)) != NULL)
		hook->level = hooks_event_parse_level(text);
	hook->columns = array_arg(fcinfo, ARG_COLUMNS, "columns", false);
	hook->arguments = array_arg(fcinfo, ARG_ARGUMENTS, "arguments", true);
	if (ArrayGetNItems(ARR_NDIM(hook->arguments), ARR_DIMS(hook->arguments)) > PG_INT16_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ARGUMENTS),
				 errmsg("cannot pass more than %d arguments to a trigger function",
						PG_INT16_MAX)));
	check_size("arguments", VARSIZE(hook->arguments), MAX_LONG);
	if (!PG_ARGISNULL(ARG_TIMEOUT))
		hook->timeout = PG_GETARG_INTERVAL_P(ARG_TIMEOUT);
	if (!PG_ARGISNULL(ARG_MAX_ATTEMPTS))
	{
		hook->max_attempts = PG_GETARG_INT32(ARG_MAX_ATTEMPTS);
		if (hook->max_attempts < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("max_attempts of a hook must be greater than zero")));
	}
	hooks_definition_require(fcinfo, ARG_PRIORITY, "priority");
	hook->priority = PG_GETARG_INT32(ARG_PRIORITY);
	hook->run_after = array_arg(fcinfo, ARG_RUN_AFTER, "run_after", true);
	check_size("run_after", VARSIZE(hook->run_after), MAX_LONG);
	hook->run_as = hooks_event_parse_run_as(hooks_definition_text(fcinfo, ARG_RUN_AS, "run_as"));
	hook->fire = hooks_event_parse_fire(hooks_definition_text(fcinfo, ARG_FIRE, "fire"));
	if (!PG_ARGISNULL(ARG_SCHEMA))
		hook->schema = pstrdup(NameStr(*PG_GETARG_NAME(ARG_SCHEMA)));
	hook->package = kept_text_arg(fcinfo, ARG_PACKAGE, "package", MAX_PACKAGE);
	hook->description = kept_text_arg(fcinfo, ARG_DESCRIPTION, "description",
									  MAX_DESCRIPTION);
	hooks_definition_require(fcinfo, ARG_REPLACE, "replace");

	/* by its own name, not by a group */
	asked_for_truncate = strstr(action, "truncate") != NULL;
	check_event(hook, asked_for_truncate);
	hook->policy = hook->phase == HOOK_AFTER && !(hook->actions & HOOK_NAME) ?
		HOOK_ISOLATE : HOOK_ABORT;
	if ((text = text_arg(fcinfo, ARG_ON_ERROR)) != NULL)
		hook->policy = hooks_event_parse_policy(text);
	check_policy(hook);

	if (hook->run_as == HOOK_AS_INVOKER && !superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to register a hook that runs as the invoker")));
	if (PG_ARGISNULL(ARG_RELATION))
		check_wide(hook);
	else
	{
		if (hook->schema != NULL)
			refuse(errmsg("schema is for hooks on all tables of a schema"),
				   errhint("Pass either relation or schema."));
		hook->relation = PG_GETARG_OID(ARG_RELATION);
		rel = open_target(hook, asked_for_truncate);
		check_columns(hook, rel);
	}
	function = hooks_callback_lookup(hook->callback,
									 hooks_event_takes_jsonb(hook->phase,
															 hook->actions));
	result = hooks_proc_aclcheck(function, GetUserId());
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, hook->callback);
	if (function == hooks_own_function("keep", 0) &&
		(hook->phase != HOOK_BEFORE_CASCADE || hook->actions != HOOK_DELETE))
		refuse(errmsg("hooks.keep is for phase \"before_cascade\" of action \"delete\" only"));
	text = kept_text_arg(fcinfo, ARG_CONDITION, "condition", MAX_LONG);
	if (text != NULL)
	{
		hook->condition = hooks_condition_normalize(rel, text, hook->phase,
													hook->level, hook->actions,
													&functions);
		/* with all names qualified */
		check_size("condition", strlen(hook->condition), MAX_LONG);
	}
	functions = lappend_oid(functions, function);
	lock_functions(hook, functions);
	hook->callback = hooks_callback_signature(function);
	hook->function_owners = hooks_callback_owners(functions);
	if (rel != NULL)
		relation_close(rel, NoLock);

	hook->owner = GetUserId();
	hook->search_path = pstrdup(namespace_search_path);
	check_size("search_path", strlen(hook->search_path), MAX_LONG);
	hook->enabled = true;
	hook->enabled_at = GetCurrentTimestamp();
	return hook;
}
