/*
 * compose.c
 *		From the arguments of hooks.register() to a hook, or an error.
 *
 * Everything about a hook is decided here: which words go together, what the
 * defaults are, what the names in it mean, and whether that exists and may be
 * used.  Nothing is written.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/own.h"
#include "base/ring.h"
#include "registry/callback.h"
#include "registry/condition.h"
#include "registry/compose.h"
#include "registry/hook.h"
#include "registry/path.h"
#include "registry/ready_check.h"
#include "registry/scope.h"

/*
 * 42P17: a combination of arguments that makes no sense.
 */
#define refuse(...) \
	ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION), __VA_ARGS__))

/*
 * Is truncate asked for by its own name, not by a group?
 */
static bool
asks_for_truncate(const HookArguments *given)
{
	return strstr(given->action, "truncate") != NULL;
}

static void
check_name_and_columns(const Hook *hook, const HookArguments *given)
{
	if ((hook->actions & HOOK_NAME) && hook->actions != HOOK_NAME)
		refuse(errmsg("action \"name\" cannot be combined with other actions"));
	if ((hook->actions & HOOK_NAME) && given->columns == NULL)
		refuse(errmsg("action \"name\" needs columns"),
			   errhint("Pass the columns that are the name; the hook fires once when all of them become non-null."));
	if (given->columns != NULL && !(hook->actions & (HOOK_UPDATE | HOOK_NAME)))
		refuse(errmsg("columns are for the actions \"update\" and \"name\""));
}

/*
 * A statement that failed has no rows.  55000 where nobody would see it fail.
 */
static void
check_on_failure(const HookArguments *given)
{
	if (given->columns != NULL)
		refuse(errmsg("phase \"on_failure\" has no columns"));
	if (given->condition != NULL)
		refuse(errmsg("phase \"on_failure\" has no condition"),
			   errdetail("A statement that failed has no rows."),
			   errhint("Let the callback look at the event."));
	if (!hooks_ring_exists())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("phase \"on_failure\" needs the library to be preloaded"),
				 errhint("Add hooks to \"shared_preload_libraries\", and restart the server.")));
}

/*
 * What goes together with a phase that has no level.
 */
static void
check_without_level(Hook *hook, const HookArguments *given)
{
	const char *phase = hooks_event_phase_word(hook->phase);
	int			possible = hook->phase == HOOK_ON_FAILURE ? HOOK_WRITE :
		HOOK_WRITE | HOOK_NAME;

	if (given->level != NULL)
		refuse(errmsg("phase \"%s\" has no level \"%s\"", phase,
					  given->level),
			   errhint(hook->phase == HOOK_BEFORE_COMMIT ?
					   "It fires once for the transaction; leave the level out." :
					   hook->phase == HOOK_ON_FAILURE ?
					   "It is about a statement that failed; leave the level out." :
					   "It is about all rows of a statement; leave the level out."));
	if (hook->actions & ~possible)
		refuse(errmsg("phase \"%s\" has no action \"%s\"", phase,
					  hooks_event_action_list(hook->actions & ~possible)));
	check_name_and_columns(hook, given);
	if (hook->phase == HOOK_ON_FAILURE)
		check_on_failure(given);
	if (hook->run_as == HOOK_AS_INVOKER && hook->phase != HOOK_BEFORE_COMMIT)
		refuse(errmsg("phase \"%s\" has no run_as \"invoker\"", phase),
			   errdetail("The callback runs in a session of the hook's owner."));
}

/*
 * Which phases, actions and levels go together, and their defaults.
 */
static void
check_event(Hook *hook, const HookArguments *given)
{
	int			cascading = HOOK_UPDATE | HOOK_DELETE | HOOK_TRUNCATE |
		HOOK_DROP;

	if (!hooks_event_has_level(hook->phase))
	{
		check_without_level(hook, given);
		return;
	}
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
		hook->level = HOOK_ROW;
	}
	if (hook->level == HOOK_NO_LEVEL)
		hook->level = hook->actions == HOOK_TRUNCATE ? HOOK_STATEMENT :
			HOOK_ROW;
	if (hook->level == HOOK_ROW && (hook->actions & HOOK_TRUNCATE))
	{
		if (asks_for_truncate(given))
			refuse(errmsg("action \"truncate\" has no level \"row\""),
				   errhint("TRUNCATE does not look at rows; register it with level => 'statement'."));
		hook->actions &= ~HOOK_TRUNCATE;
	}
	check_name_and_columns(hook, given);
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
	{
		Datum		interval = IntervalPGetDatum(hook->timeout);
		Datum		written = DirectFunctionCall1(interval_out, interval);

		ereport(NOTICE,
				(errmsg("timeout of hook \"%s\" is %s", hook->name,
						DatumGetCString(written)),
				 errhint("An interval without a unit is in seconds.")));
	}
}

static void
check_policy(Hook *hook)
{
	if (!hooks_event_allows_policy(hook->phase, hook->policy))
		refuse(errmsg("phase \"%s\" has no on_error policy \"%s\"",
					  hooks_event_phase_word(hook->phase),
					  hooks_event_policy_word(hook->policy)),
			   hook->policy == HOOK_ABORT ?
			   errhint(hook->phase == HOOK_ON_FAILURE ?
					   "The statement has failed already. Use isolate or quarantine." :
					   "What is committed cannot be aborted. Use retry, isolate or quarantine.") :
			   errhint("Policy retry is for phase after_commit."));
	if (hook->max_attempts != 0 && hook->policy != HOOK_RETRY)
		refuse(errmsg("max_attempts is for policy \"retry\" of phase \"after_commit\""));
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
				 errmsg("relation with OID %u does not exist",
						hook->relation)));
	(void) hooks_scope_allows(hook->relation, hook->actions, &problem);
	if (rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE &&
		!HOOKS_FOREIGN_TRUNCATE && !asks_for_truncate(given))
		hook->actions &= ~HOOK_TRUNCATE;
	for (int i = 0; i < HOOK_EVENTS && problem == NULL; i++)
		if (hooks_event_wants(&hooks_events[i], hook->phase, hook->level,
							  hook->actions) &&
			!hooks_event_is_possible(&hooks_events[i], rel->rd_rel->relkind))
			problem =
				psprintf("Foreign tables have no phase \"%s\" of action \"%s\".",
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
	if (given->payload != NULL)
		refuse(errmsg("payload is for hooks on one table"));
	if (given->schema == NULL)
	{
		hooks_scope_lock(hook);
		return;
	}
	hook->schema = get_namespace_oid(given->schema, false);
	if (!hooks_scope_allows_schema(hook->schema))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot register a hook on schema \"%s\"",
						given->schema),
				 errdetail("Catalogs, temporary tables and the tables of the extension hooks have no hooks.")));
	hooks_scope_lock(hook);
	if (get_namespace_oid(given->schema, true) != hook->schema)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" was concurrently dropped",
						given->schema)));
}

/*
 * The columns as attribute numbers: they exist, once each, and for "name" can
 * be read when the hook fires.
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

/*
 * Keeps functions from being dropped or renamed until the hook is committed,
 * or sees that this has happened already.  42501 for those of the condition
 * that the caller may not execute: the hook could not fire, and a lock is a
 * right, too.
 */
static void
lock_functions(const Hook *hook)
{
	List	   *functions =
		lappend_oid(hooks_callback_functions(hook->condition),
					hook->callback);
	ListCell   *lc;

	foreach(lc, functions)
	{
		AclResult	result = hooks_proc_aclcheck(lfirst_oid(lc), GetUserId());

		if (result != ACLCHECK_OK)
			aclcheck_error(result, OBJECT_FUNCTION,
						   get_func_name(lfirst_oid(lc)));
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
 * The hook that the arguments ask for: everything about it that needs no look
 * at the registry, as the current user, under the current search_path.
 */
Hook *
hooks_compose(const HookArguments *given)
{
	Hook	   *hook = hooks_hook_make();
	AclResult	result;
	Relation	rel = NULL;
	bool		takes_jsonb;
	char	   *written;

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
	hook->activation = hooks_event_parse_activation(given->activation);
	hook->package = given->package;
	hook->description = given->description;

	check_event(hook, given);
	hook->policy = hook->phase == HOOK_AFTER_COMMIT ? HOOK_RETRY :
		hook->phase == HOOK_ON_FAILURE ||
		(hook->phase == HOOK_AFTER && !(hook->actions & HOOK_NAME)) ?
		HOOK_ISOLATE : HOOK_ABORT;
	if (given->on_error != NULL)
		hook->policy = hooks_event_parse_policy(given->on_error);
	check_policy(hook);
	if (given->payload != NULL && hook->phase != HOOK_AFTER_COMMIT)
		refuse(errmsg("payload is for phase \"after_commit\""));

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
		hook->payload = find_columns(hook, given->payload, rel);
	}
	takes_jsonb = hooks_event_takes_jsonb(hook->phase, hook->actions);
	hook->callback = hooks_callback_lookup(given->callback, takes_jsonb);
	result = hooks_proc_aclcheck(hook->callback, GetUserId());
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, given->callback);
	hooks_ready_check(hook, rel);
	if (given->condition != NULL)
	{
		hook->condition = hooks_condition_transform(hook, rel,
													given->condition);
		/* with all names qualified */
		written = hooks_condition_text(hook->relation, hook->condition);
		hooks_arguments_check_size("condition", strlen(written),
								   HOOKS_MAX_LONG);
	}
	lock_functions(hook);
	if (rel != NULL)
		relation_close(rel, NoLock);

	hook->owner = GetUserId();
	hook->search_path = hooks_path_current();
	hooks_arguments_check_size("search_path", strlen(hook->search_path),
							   HOOKS_MAX_LONG);
	hook->enabled_at = GetCurrentTimestamp();
	return hook;
}
