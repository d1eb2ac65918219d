/*
 * compose.c
 *		From the arguments of hooks.register() to a hook, or an error.
 *
 * What the defaults are, what the names mean, and whether that exists and may
 * be used, is decided here; which words go together, in agree.c.  Nothing is
 * written.
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
#include "registry/agree.h"
#include "registry/callback.h"
#include "registry/condition.h"
#include "registry/compose.h"
#include "registry/hook.h"
#include "registry/path.h"
#include "registry/ready_check.h"
#include "registry/scope.h"
#include "registry/source.h"

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
 * Can a hook of the phase have an action on this kind of relation?  Foreign
 * tables have no unique index for a conflict, and no MERGE.
 */
static bool
is_possible(const Hook *hook, int action, char relkind)
{
	if (action == HOOK_PUT && relkind == RELKIND_FOREIGN_TABLE)
		return false;
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
		hooks_refuse(errmsg("columns are for hooks on one table"));
	if (given->payload != NULL)
		hooks_refuse(errmsg("payload is for hooks on one table"));
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
 * The columns as attribute numbers: they exist, once each, and can be read
 * from a row when the hook fires if they have to be.
 */
static List *
find_columns(const Hook *hook, ArrayType *names, bool read, Relation rel)
{
	int			n;
	char	  **columns = hooks_hook_strings(names, &n);
	List	   *attnums = NIL;

	for (int i = 0; i < n; i++)
	{
		AttrNumber	attnum = get_attnum(RelationGetRelid(rel), columns[i]);
		char		generated;

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
		generated =
			TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attgenerated;
		if (read && generated != '\0' &&
			generated != ATTRIBUTE_GENERATED_STORED)
			hooks_refuse(errmsg("column \"%s\" is a virtual generated column",
								columns[i]),
						 errdetail("No row has its value."),
						 errhint("Name the columns that it is made of."));
		if (read && generated != '\0' && hook->phase == HOOK_BEFORE)
			hooks_refuse(errmsg("column \"%s\" is generated", columns[i]),
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

	hooks_agree_event(hook, given, named);
	hook->policy = hook->phase == HOOK_AFTER_COMMIT ? HOOK_RETRY :
		hook->phase == HOOK_ON_FAILURE || hook->phase == HOOK_STARTUP ||
		(hook->phase == HOOK_AFTER && hook->actions != HOOK_NAME) ?
		HOOK_ISOLATE : HOOK_ABORT;
	if (given->on_error != NULL)
		hook->policy = hooks_word_parse_policy(given->on_error);
	hooks_agree_policy(hook);
	if (given->payload != NULL && hook->phase != HOOK_AFTER_COMMIT)
		hooks_refuse(errmsg("payload is for phase \"after_commit\""));

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
			hooks_refuse(errmsg("schema is for hooks on all tables of a schema"),
						 errhint("Pass either relation or schema."));
		hook->relation = given->relation;
		rel = open_target(hook, named);
		if (hook->phase == HOOK_BEFORE_CLOSURE)
			check_sources(hook);
		hook->columns = find_columns(hook, given->columns,
									 (hook->actions & HOOK_NAME) != 0, rel);
		hook->payload = find_columns(hook, given->payload, true, rel);
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
