/*
 * arguments.c
 *		From the arguments of hooks.register() to a hook, or an error.
 *
 * Everything about a hook is decided here: which words go together, what the
 * defaults are, what the names in it mean, and whether that exists and may be
 * used.  Nothing is written.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/relation.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "base/argument.h"
#include "base/compat.h"
#include "base/own.h"
#include "base/rights.h"
#include "base/settings.h"
#include "registry/arguments.h"
#include "registry/callback.h"
#include "registry/condition.h"
#include "registry/registry.h"
#include "registry/scope.h"

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
	ARG_REPLACE,
	N_ARGS
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

/*
 * A text argument that is kept, NULL if it is NULL.  It is measured before it is
 * fetched: 22023 if it is too long.
 */
static char *
kept_text_arg(FunctionCallInfo fcinfo, int arg, size_t limit)
{
	size_t		size = PG_ARGISNULL(arg) ? 0 :
		toast_raw_datum_size(PG_GETARG_DATUM(arg)) - VARHDRSZ;

	if (size > limit)
		check_size(hooks_argument_name(fcinfo, arg), size, limit);
	return hooks_argument_optional_text(fcinfo, arg);
}

/*
 * An array argument without NULLs, of one dimension; NULL if it is empty and
 * not required.
 */
static ArrayType *
array_arg(FunctionCallInfo fcinfo, int arg, bool required)
{
	ArrayType  *array;

	if (required)
		hooks_argument_require(fcinfo, arg);
	else if (PG_ARGISNULL(arg))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P_COPY(arg);
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not contain nulls",
						hooks_argument_name(fcinfo, arg))));
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be a one-dimensional array",
						hooks_argument_name(fcinfo, arg))));
	return ARR_NDIM(array) == 0 && !required ? NULL : array;
}

/*
 * The name of a hook: 1 to 63 bytes.
 */
static char *
hook_name_arg(FunctionCallInfo fcinfo, int arg)
{
	char	   *name = hooks_argument_text(fcinfo, arg);

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
 * Is truncate asked for by its own name, not by a group?
 */
static bool
asks_for_truncate(const HookArguments *given)
{
	return strstr(given->action, "truncate") != NULL;
}

/*
 * Which phases, actions and levels go together, and their defaults.
 */
static void
check_event(Hook *hook, const HookArguments *given)
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
		if (given->columns == NULL)
			refuse(errmsg("action \"name\" needs columns"),
				   errhint("Pass the columns that are the name; the hook fires once when all of them become non-null."));
		hook->level = HOOK_ROW;
	}
	if (hook->level == HOOK_NO_LEVEL)
		hook->level = hook->actions == HOOK_TRUNCATE ? HOOK_STATEMENT : HOOK_ROW;
	if (hook->level == HOOK_ROW && (hook->actions & HOOK_TRUNCATE))
	{
		if (asks_for_truncate(given))
			refuse(errmsg("action \"truncate\" has no level \"row\""),
				   errhint("TRUNCATE does not look at rows; register it with level => 'statement'."));
		hook->actions &= ~HOOK_TRUNCATE;
	}
	if (given->columns != NULL && !(hook->actions & (HOOK_UPDATE | HOOK_NAME)))
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
open_target(Hook *hook, const HookArguments *given)
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
		!HOOKS_FOREIGN_TRUNCATE && !asks_for_truncate(given))
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
check_wide(Hook *hook, const HookArguments *given)
{
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to register a hook on more than one table")));
	if (given->columns != NULL)
		refuse(errmsg("columns are for hooks on one table"));
	if (given->schema == NULL)
	{
		hooks_scope_lock(hook);
		return;
	}
	hook->schema = get_namespace_oid(given->schema, false);
	if (!hooks_scope_allows_schema(hook->schema))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot register a hook on schema \"%s\"", given->schema),
				 errdetail("Catalogs, temporary tables and the tables of the extension hooks have no hooks.")));
	hooks_scope_lock(hook);
	if (get_namespace_oid(given->schema, true) != hook->schema)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" was concurrently dropped", given->schema)));
}

/*
 * The columns as attribute numbers: they exist, once each, and for "name" can be
 * read when the hook fires.
 */
static List *
find_columns(const Hook *hook, ArrayType *names, Relation rel)
{
	int			n;
	char	  **columns = hooks_hook_strings(names, &n);
	List	   *attnums = NIL;

	for (int i = 0; i < n; i++)
	{
		AttrNumber	attnum = get_attnum(RelationGetRelid(rel), columns[i]);

		if (attnum <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							columns[i], RelationGetRelationName(rel))));
		if (list_member_int(attnums, attnum))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("column \"%s\" specified more than once",
							columns[i])));
		if (hook->phase == HOOK_BEFORE && (hook->actions & HOOK_NAME) &&
			TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attgenerated)
			refuse(errmsg("column \"%s\" is generated", columns[i]),
				   errdetail("Generated columns are not known before the row is there."),
				   errhint("Use phase after."));
		attnums = lappend_int(attnums, attnum);
	}
	return attnums;
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
hooks_arguments_check_run_after(const Hook *hook)
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
lock_functions(const Hook *hook)
{
	List	   *functions = lappend_oid(hooks_callback_functions(hook->condition),
										hook->callback);
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
 * The search_path that names in a callback will be looked up under: the schemas
 * that the caller's path means now.  One that is made later, of a name in the
 * path, does not get into it; pg_temp stands for the temporary schema of each
 * session.
 */
char *
hooks_arguments_search_path(void)
{
	List	   *names;
	List	   *schemas = NIL;
	StringInfoData path;
	int			guc_level = hooks_settings_quote_plainly();
	ListCell   *lc;

	initStringInfo(&path);
	if (!SplitIdentifierString(pstrdup(namespace_search_path), ',', &names))
		elog(ERROR, "invalid search_path: %s", namespace_search_path);
	foreach(lc, names)
	{
		const char *name = lfirst(lc);
		Oid			schema;

		if (strcmp(name, "$user") == 0)
			name = GetUserNameFromId(GetUserId(), false);
		schema = get_namespace_oid(name, true);
		if (strcmp(name, "pg_temp") != 0 &&
			(!OidIsValid(schema) || isAnyTempNamespace(schema) ||
			 list_member_oid(schemas, schema) ||
			 hooks_namespace_aclcheck(schema, GetUserId(),
									  ACL_USAGE) != ACLCHECK_OK))
			continue;
		schemas = lappend_oid(schemas, schema);
		appendStringInfo(&path, "%s%s", path.len > 0 ? ", " : "",
						 quote_identifier(name));
	}
	AtEOXact_GUC(false, guc_level);
	return path.data;
}

/*
 * Can a role that is no superuser create objects in the schema?
 */
static bool
others_may_create(Oid schema)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	Oid			owner;
	bool		isnull;
	Datum		value;
	bool		found;

	if (!HeapTupleIsValid(tuple))
		return false;
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	if (owner == ROLE_PG_DATABASE_OWNER)
		owner = hooks_rights_database_owner();
	found = !superuser_arg(owner);
	value = SysCacheGetAttr(NAMESPACEOID, tuple, Anum_pg_namespace_nspacl, &isnull);
	if (!isnull)
	{
		Acl		   *acl = DatumGetAclP(value);

		for (int i = 0; i < ACL_NUM(acl); i++)
		{
			AclItem    *item = &ACL_DAT(acl)[i];

			found |= (ACLITEM_GET_PRIVS(*item) & ACL_CREATE) != 0 &&
				item->ai_grantee != ROLE_PG_DATABASE_OWNER &&
				(item->ai_grantee == ACL_ID_PUBLIC ||
				 !superuser_arg(item->ai_grantee));
		}
	}
	ReleaseSysCache(tuple);
	return found;
}

/*
 * Tells of schemas in the path of a superuser's hook in which others may put
 * something that its callback then takes for something else.  Those of ours look
 * nothing up.
 */
void
hooks_arguments_tell_of_schemas(const Hook *hook)
{
	List	   *names;
	ListCell   *lc;

	if (hook->run_as != HOOK_AS_OWNER || !superuser_arg(hook->owner) ||
		hooks_own_is_member(ProcedureRelationId, hook->callback) ||
		!SplitIdentifierString(pstrdup(hook->search_path), ',', &names))
		return;
	foreach(lc, names)
		if (others_may_create(get_namespace_oid(lfirst(lc), true)))
			ereport(NOTICE,
					(errmsg("search_path of hook \"%s\" has schema \"%s\", in which roles that are no superusers may create objects",
							hook->name, (char *) lfirst(lc)),
					 errdetail("The callback runs as a superuser, and looks up names there."),
					 errhint("Set a safe search_path before you register the hook, or in the callback.")));
}

/*
 * The arguments of a call; 22004 for a NULL where none may be.
 */
void
hooks_arguments_get(FunctionCallInfo fcinfo, HookArguments *given)
{
	Assert(PG_NARGS() == N_ARGS);
	memset(given, 0, sizeof(HookArguments));
	given->name = hook_name_arg(fcinfo, ARG_NAME);
	given->phase = hooks_argument_text(fcinfo, ARG_PHASE);
	given->action = hooks_argument_text(fcinfo, ARG_ACTION);
	given->relation = PG_ARGISNULL(ARG_RELATION) ? InvalidOid :
		PG_GETARG_OID(ARG_RELATION);
	given->wide = PG_ARGISNULL(ARG_RELATION);
	given->callback = hooks_argument_text(fcinfo, ARG_CALLBACK);
	given->level = hooks_argument_optional_text(fcinfo, ARG_LEVEL);
	given->condition = kept_text_arg(fcinfo, ARG_CONDITION, MAX_LONG);
	given->columns = array_arg(fcinfo, ARG_COLUMNS, false);
	given->arguments = array_arg(fcinfo, ARG_ARGUMENTS, true);
	if (ArrayGetNItems(ARR_NDIM(given->arguments), ARR_DIMS(given->arguments)) > PG_INT16_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ARGUMENTS),
				 errmsg("cannot pass more than %d arguments to a trigger function",
						PG_INT16_MAX)));
	check_size("arguments", VARSIZE(given->arguments), MAX_LONG);
	given->on_error = hooks_argument_optional_text(fcinfo, ARG_ON_ERROR);
	if (!PG_ARGISNULL(ARG_TIMEOUT))
		given->timeout = PG_GETARG_INTERVAL_P(ARG_TIMEOUT);
	if (!PG_ARGISNULL(ARG_MAX_ATTEMPTS))
	{
		given->max_attempts = PG_GETARG_INT32(ARG_MAX_ATTEMPTS);
		if (given->max_attempts < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("max_attempts of a hook must be greater than zero")));
	}
	hooks_argument_require(fcinfo, ARG_PRIORITY);
	given->priority = PG_GETARG_INT32(ARG_PRIORITY);
	given->run_after = array_arg(fcinfo, ARG_RUN_AFTER, true);
	check_size("run_after", VARSIZE(given->run_after), MAX_LONG);
	given->run_as = hooks_argument_text(fcinfo, ARG_RUN_AS);
	given->fire = hooks_argument_text(fcinfo, ARG_FIRE);
	if (!PG_ARGISNULL(ARG_SCHEMA))
		given->schema = pstrdup(NameStr(*PG_GETARG_NAME(ARG_SCHEMA)));
	given->package = kept_text_arg(fcinfo, ARG_PACKAGE, MAX_PACKAGE);
	given->description = kept_text_arg(fcinfo, ARG_DESCRIPTION, MAX_DESCRIPTION);
	hooks_argument_require(fcinfo, ARG_REPLACE);
	given->replace = PG_GETARG_BOOL(ARG_REPLACE);
}

/*
 * The hook that the arguments ask for: everything about it that needs no look at
 * the registry, as the current user, under the current search_path.
 */
Hook *
hooks_arguments_make(const HookArguments *given)
{
	Hook	   *hook = hooks_hook_make();
	AclResult	result;
	Relation	rel = NULL;

	hook->name = given->name;
	hook->phase = hooks_event_parse_phase(given->phase);
	hook->actions = hooks_event_parse_actions(given->action);
	if (given->level != NULL)
		hook->level = hooks_event_parse_level(given->level);
	hook->arguments = given->arguments;
	hook->timeout = given->timeout;
	hook->max_attempts = given->max_attempts;
	hook->priority = given->priority;
	hook->run_after = given->run_after;
	hook->run_as = hooks_event_parse_run_as(given->run_as);
	hook->fire = hooks_event_parse_fire(given->fire);
	hook->package = given->package;
	hook->description = given->description;

	check_event(hook, given);
	hook->policy = hook->phase == HOOK_AFTER && !(hook->actions & HOOK_NAME) ?
		HOOK_ISOLATE : HOOK_ABORT;
	if (given->on_error != NULL)
		hook->policy = hooks_event_parse_policy(given->on_error);
	check_policy(hook);

	if (hook->run_as == HOOK_AS_INVOKER && !superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to register a hook that runs as the invoker")));
	if (given->wide)
		check_wide(hook, given);
	else
	{
		if (given->schema != NULL)
			refuse(errmsg("schema is for hooks on all tables of a schema"),
				   errhint("Pass either relation or schema."));
		hook->relation = given->relation;
		rel = open_target(hook, given);
		hook->columns = find_columns(hook, given->columns, rel);
	}
	hook->callback = hooks_callback_lookup(given->callback,
										   hooks_event_takes_jsonb(hook->phase,
																   hook->actions));
	result = hooks_proc_aclcheck(hook->callback, GetUserId());
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, given->callback);
	if (hook->callback == hooks_own_function("keep", 0) &&
		(hook->phase != HOOK_BEFORE_CASCADE || hook->actions != HOOK_DELETE))
		refuse(errmsg("hooks.keep is for phase \"before_cascade\" of action \"delete\" only"));
	if (given->condition != NULL)
	{
		hook->condition = hooks_condition_transform(hook, rel,
													given->condition);
		/* with all names qualified */
		check_size("condition", strlen(hooks_condition_text(hook->relation,
															hook->condition)),
				   MAX_LONG);
	}
	lock_functions(hook);
	if (rel != NULL)
		relation_close(rel, NoLock);

	hook->owner = GetUserId();
	hook->search_path = hooks_arguments_search_path();
	check_size("search_path", strlen(hook->search_path), MAX_LONG);
	hook->enabled_at = GetCurrentTimestamp();
	return hook;
}
