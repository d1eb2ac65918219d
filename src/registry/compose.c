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
#include "port/pg_bitutils.h"
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
#include "base/preload.h"
#include "registry/callback.h"
#include "registry/condition.h"
#include "registry/compose.h"
#include "registry/hook.h"
#include "registry/path.h"
#include "registry/ready_check.h"
#include "registry/scope.h"
#include "registry/source.h"

/*
 * 42P17: a combination of arguments that makes no sense.
 */
#define refuse(...) \
	ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION), __VA_ARGS__))

/*
 * Leaves out other actions; 42P17 if no action is left.
 */
static void
keep_actions(Hook *hook, const HookArguments *given, int actions)
{
	hook->actions &= actions;
	if (hook->actions != 0)
		return;
	if (given->level == NULL)
		refuse(errmsg("phase \"%s\" has no action of \"%s\"",
					  hooks_word_of_phase(hook->phase), given->action));
	refuse(errmsg("phase \"%s\" has no action of \"%s\" at level \"%s\"",
				  hooks_word_of_phase(hook->phase), given->action,
				  given->level));
}

static void
check_name_and_columns(const Hook *hook, const HookArguments *given, int named)
{
	if ((named & HOOK_NAME) && hook->actions != HOOK_NAME)
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
	hooks_preload_require_shared("phase \"on_failure\"");
}

/*
 * A hook on startup is on no table.
 */
static void
check_startup(const Hook *hook, const HookArguments *given)
{
	if (!given->wide)
		refuse(errmsg("phase \"startup\" has no relation"),
			   errhint("Pass NULL as the relation."));
	if (given->schema != NULL)
		refuse(errmsg("phase \"startup\" has no schema"));
	if (given->columns != NULL)
		refuse(errmsg("phase \"startup\" has no columns"));
	if (given->condition != NULL)
		refuse(errmsg("phase \"startup\" has no condition"),
			   errhint("Let the callback look at the event."));
}

/*
 * Who registers what runs in everybody's session must be a superuser: 42501.
 */
static void
check_may_start(const Hook *hook)
{
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to register a hook on startup")));
}

/*
 * What goes together with a phase that has no level.
 */
static void
check_without_level(Hook *hook, const HookArguments *given, int named)
{
	const char *phase = hooks_word_of_phase(hook->phase);
	int			possible = hooks_event_actions(hook->phase, HOOK_NO_LEVEL);

	if (given->level != NULL)
		refuse(errmsg("phase \"%s\" has no level \"%s\"", phase,
					  given->level),
			   errhint(hook->phase == HOOK_BEFORE_COMMIT ?
					   "It fires once for the transaction; leave the level out." :
					   hook->phase == HOOK_ON_FAILURE ?
					   "It is about a statement that failed; leave the level out." :
					   hook->phase == HOOK_STARTUP ?
					   "It is about no statement; leave the level out." :
					   "It is about all rows of a statement; leave the level out."));
	if (named & ~possible)
		refuse(errmsg("phase \"%s\" has no action \"%s\"", phase,
					  hooks_word_action_list(named & ~possible)),
			   hook->phase == HOOK_STARTUP ?
			   errhint("Its actions are session and server.") : 0);
	keep_actions(hook, given, possible);
	if (hook->phase == HOOK_STARTUP)
		check_startup(hook, given);
	check_name_and_columns(hook, given, named);
	if (hook->phase == HOOK_ON_FAILURE)
		check_on_failure(given);
	if (hook->run_as == HOOK_AS_INVOKER &&
		hook->phase != HOOK_BEFORE_COMMIT && hook->actions != HOOK_SESSION)
		refuse(errmsg("phase \"%s\" has no run_as \"invoker\"", phase),
			   errdetail("The callback runs in a session of the hook's owner."));
}

/*
 * Refuses actions, asked for by name, that the phase or level does not have.
 */
static void
check_named(const Hook *hook, int named)
{
	int			cascading = hooks_event_actions(HOOK_BEFORE_CASCADE,
												HOOK_STATEMENT);
	int			without_row = named & hooks_word_jsonb_actions();

	if (named & HOOK_ON_STARTUP)
		refuse(errmsg("phase \"%s\" has no action \"%s\"",
					  hooks_word_of_phase(hook->phase),
					  hooks_word_action_list(named & HOOK_ON_STARTUP)),
			   errhint("It is for phase startup."));
	if (hook->phase == HOOK_BEFORE_CASCADE)
	{
		if (hook->level == HOOK_ROW)
			refuse(errmsg("phase \"before_cascade\" has no level \"row\""),
				   errhint("It fires once for the whole set of rows; the rows are in old_table."));
		if (named & ~cascading)
			refuse(errmsg("phase \"before_cascade\" has no action \"%s\"",
						  hooks_word_action_list(named & ~cascading)),
				   errhint("Its actions are delete, update, truncate and drop."));
	}
	if (hook->phase == HOOK_BEFORE_CLOSURE)
	{
		if (hook->level == HOOK_ROW)
			refuse(errmsg("phase \"before_closure\" has no level \"row\""),
				   errhint("It fires once for the whole set of rows; the rows are in old_table."));
		if (named & ~HOOK_DELETE)
			refuse(errmsg("phase \"before_closure\" has no action \"%s\"",
						  hooks_word_action_list(named & ~HOOK_DELETE)),
				   errhint("Its action is delete."));
	}
	if ((named & HOOK_DROP) && hook->phase == HOOK_AFTER)
		refuse(errmsg("phase \"after\" has no action \"drop\""),
			   errhint("Use phase before or before_cascade, while the relation is still there."));
	if (without_row != 0 && hook->level == HOOK_ROW)
		refuse(errmsg("action \"%s\" has no level \"row\"",
					  hooks_word_action_list(without_row)));
	if (hooks_word_mixes_shapes(hook->phase, named))
		refuse(errmsg(pg_popcount32(without_row) == 1 ?
					  "action \"%s\" cannot be combined with other actions" :
					  "actions \"%s\" cannot be combined with other actions",
					  hooks_word_action_list(without_row)),
			   pg_popcount32(without_row) == 1 ?
			   errdetail("Its callback is no trigger function, but takes the event as jsonb.") :
			   errdetail("Their callback is no trigger function, but takes the event as jsonb."));
	if ((named & HOOK_NAME) && hook->level == HOOK_STATEMENT)
		refuse(errmsg("action \"name\" has no level \"statement\""));
}

/*
 * A group can have actions of both shapes of callbacks: then it means those of
 * one shape, that of the actions which are named beside it, or that which the
 * callback has.
 */
static void
choose_shape(Hook *hook, const HookArguments *given, int named)
{
	int			jsonb = hooks_word_jsonb_actions();
	bool		takes_jsonb;

	if (!hooks_word_mixes_shapes(hook->phase, hook->actions))
		return;
	takes_jsonb = named != 0 ? (named & jsonb) != 0 :
		hooks_callback_takes_jsonb(given->callback);
	keep_actions(hook, given, takes_jsonb ? jsonb : ~jsonb);
}

/*
 * Which phases, actions and levels go together, and their defaults.
 */
static void
check_event(Hook *hook, const HookArguments *given, int named)
{
	int			rows = hooks_event_actions(hook->phase, HOOK_ROW);
	int			statements = hooks_event_actions(hook->phase, HOOK_STATEMENT);

	/* of groups, "lifecycle" has names, if it is told of which columns */
	if (given->columns == NULL || (hook->actions & HOOK_UPDATE) ||
		!hooks_event_has_level(hook->phase))
		hook->actions &= ~HOOK_NAME | named;
	if (!hooks_event_has_level(hook->phase))
	{
		check_without_level(hook, given, named);
		return;
	}
	check_named(hook, named);
	keep_actions(hook, given, named |
				 (hook->level == HOOK_ROW ? rows :
				  hook->level == HOOK_STATEMENT ? statements :
				  rows | statements));
	choose_shape(hook, given, named);
	if (hook->level == HOOK_NO_LEVEL)
		hook->level = (hook->actions & rows) != 0 ? HOOK_ROW : HOOK_STATEMENT;
	if (hook->level == HOOK_ROW && (named & HOOK_TRUNCATE))
		refuse(errmsg("action \"truncate\" has no level \"row\""),
			   errhint("TRUNCATE does not look at rows; register it with level => 'statement'."));
	keep_actions(hook, given,
				 hook->level == HOOK_ROW ? rows : statements);
	check_name_and_columns(hook, given, named);
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
					  hooks_word_of_phase(hook->phase),
					  hooks_word_of_policy(hook->policy)),
			   hook->policy == HOOK_ABORT ?
			   errhint(hook->phase == HOOK_ON_FAILURE ?
					   "The statement has failed already. Use isolate or quarantine." :
					   "What is committed cannot be aborted. Use retry, isolate or quarantine.") :
			   errhint(hook->phase == HOOK_STARTUP ?
					   "Its policies are isolate and abort." :
					   "Policy retry is for phase after_commit."));
	if (hook->max_attempts != 0 && hook->policy != HOOK_RETRY)
		refuse(errmsg("max_attempts is for policy \"retry\" of phase \"after_commit\""));
	if (hook->timeout != NULL)
		check_timeout(hook);
}

/*
 * Can a hook of the phase have an action on this kind of relation?
 */
static bool
is_possible(const Hook *hook, int action, char relkind)
{
	for (int i = 0; i < HOOK_EVENTS; i++)
		if (hooks_event_wants(&hooks_events[i], hook->phase, hook->level,
							  action) &&
			!hooks_event_is_possible(&hooks_events[i], relkind))
			return false;
	return true;
}

/*
 * Leaves out actions of groups that the kind of relation does not have, unless
 * none is left.  Why it cannot have the hook, NULL if it can.
 */
static const char *
check_kind(Hook *hook, char relkind, int named)
{
	int			possible = 0;
	const char *word;

	for (int action = 1; action <= hook->actions; action <<= 1)
		if ((hook->actions & action) && is_possible(hook, action, relkind))
			possible |= action;
	if (possible != 0)
		hook->actions &= possible | named;
	if ((hook->actions & ~possible) == 0)
		return NULL;
	word = hooks_word_action_list(hook->actions & ~possible);
	return relkind == RELKIND_FOREIGN_TABLE ?
		psprintf("Foreign tables have no phase \"%s\" of action \"%s\".",
				 hooks_word_of_phase(hook->phase), word) :
		psprintf("Views have no action \"%s\".", word);
}

/*
 * Opens a relation that the hook can be registered on: 42P01 if it is not
 * there, 42809 if it is no such relation, 42501 if the caller could not create
 * a trigger on it.
 */
static Relation
open_target(Hook *hook, int named)
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
	if (problem == NULL)
		problem = check_kind(hook, rel->rd_rel->relkind, named);
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
 * 42501 if a DELETE can cascade to the table of a before_closure hook from a
 * table on which the caller could not create a trigger: nothing there would
 * tell the hook of it.
 */
static void
check_sources(const Hook *hook)
{
	Oid			source = hooks_source_forbidden(hook, GetUserId());

	if (OidIsValid(source))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for table %s",
						get_rel_name(source)),
				 errdetail("A DELETE from it cascades to table \"%s\", and a before_closure hook needs a trigger on each such table.",
						   get_rel_name(hook->relation)),
				 errhint("Have TRIGGER on it granted, or use phase before_cascade.")));
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
 * 55000 where nobody would see what the hook is for, before a session's first
 * statement is over.
 */
static void
check_preload(const Hook *hook)
{
	int			unseen = hook->actions & (HOOK_READ | HOOK_LOAD | HOOK_PUT |
										  HOOK_SESSION);

	if (hook->actions & HOOK_SERVER)
		hooks_preload_require_shared("action \"server\"");
	if (!hooks_scope_needs_preload(hook) || hooks_preload_is_set())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("action \"%s\" needs the library to be preloaded",
					hooks_word_action_list(unseen)),
			 errhint("Add hooks to \"shared_preload_libraries\", and restart the server; or to \"session_preload_libraries\" of the server or database, and connect again.")));
}

/*
 * The hook that the arguments ask for: everything about it that needs no look
 * at the registry, as the current user, under the current search_path.
 */
Hook *
hooks_compose(const HookArguments *given)
{
	Hook	   *hook = hooks_hook_make();
	int			named;
	AclResult	result;
	Relation	rel = NULL;
	bool		takes_jsonb;
	char	   *written;

	hook->name = given->name;
	hook->phase = hooks_word_parse_phase(given->phase);
	hook->actions = hooks_word_parse_asked(given->action, &named);
	if (given->level != NULL)
		hook->level = hooks_word_parse_level(given->level);
	hook->arguments = given->arguments;
	hook->timeout = given->timeout;
	hook->max_attempts = given->max_attempts;
	hook->priority = given->priority;
	hook->run_after = given->run_after;
	hook->run_as = hooks_word_parse_run_as(given->run_as);
	hook->fire = hooks_word_parse_fire(given->fire);
	hook->activation = hooks_word_parse_activation(given->activation);
	hook->package = given->package;
	hook->description = given->description;

	check_event(hook, given, named);
	hook->policy = hook->phase == HOOK_AFTER_COMMIT ? HOOK_RETRY :
		hook->phase == HOOK_ON_FAILURE || hook->phase == HOOK_STARTUP ||
		(hook->phase == HOOK_AFTER && hook->actions != HOOK_NAME) ?
		HOOK_ISOLATE : HOOK_ABORT;
	if (given->on_error != NULL)
		hook->policy = hooks_word_parse_policy(given->on_error);
	check_policy(hook);
	if (given->payload != NULL && hook->phase != HOOK_AFTER_COMMIT)
		refuse(errmsg("payload is for phase \"after_commit\""));

	if (hook->run_as == HOOK_AS_INVOKER && !superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to register a hook that runs as the invoker")));
	if (hook->phase == HOOK_STARTUP)
		check_may_start(hook);
	else if (given->wide)
		check_wide(hook, given);
	else
	{
		if (given->schema != NULL)
			refuse(errmsg("schema is for hooks on all tables of a schema"),
				   errhint("Pass either relation or schema."));
		hook->relation = given->relation;
		rel = open_target(hook, named);
		if (hook->phase == HOOK_BEFORE_CLOSURE)
			check_sources(hook);
		hook->columns = find_columns(hook, given->columns, rel);
		hook->payload = find_columns(hook, given->payload, rel);
	}
	takes_jsonb = hooks_word_takes_jsonb(hook->phase, hook->actions);
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
	check_preload(hook);
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
