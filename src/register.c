/*
 * register.c
 *		The SQL API that changes the registry.
 *
 * Order in every function: arguments, then the writers' lock on the registry,
 * then rights, then the write, then the triggers of the table.  All of it is in
 * the caller's transaction, so registry and triggers abort together.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "attach.h"
#include "callback.h"
#include "compat.h"
#include "condition.h"
#include "registry.h"
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
	ARG_REPLACE
};

/*
 * 42P17: a combination of arguments that makes no sense.
 */
#define refuse(...) \
	ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION), __VA_ARGS__))

static void
require(FunctionCallInfo fcinfo, int arg, const char *name)
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

static char *
required_text(FunctionCallInfo fcinfo, int arg, const char *name)
{
	require(fcinfo, arg, name);
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
		require(fcinfo, arg, name);
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
	char	   *name = required_text(fcinfo, arg, "name");

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
	const char *phase = hooks_event_phase_word(hook->phase);
	int			no_preload = HOOK_SELECT | HOOK_PUT | HOOK_SESSION | HOOK_SERVER;

	if ((hook->phase == HOOK_ON_FAILURE || hook->phase == HOOK_STARTUP ||
		 (hook->actions & no_preload)) && !hooks_preloaded)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("hooks of phase \"%s\" on \"%s\" need the library to be preloaded",
						phase, hooks_event_action_list(hook->actions)),
				 errhint("Add \"hooks\" to shared_preload_libraries and restart the server.")));
	if (hook->phase > HOOK_AFTER ||
		(hook->actions & (no_preload | HOOK_DROP)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("hooks of phase \"%s\" on \"%s\" are not supported by this version",
						phase, hooks_event_action_list(hook->actions))));

	if (hook->phase == HOOK_BEFORE_CASCADE)
	{
		if (hook->level == HOOK_ROW)
			refuse(errmsg("phase \"before_cascade\" has no level \"row\""),
				   errhint("It fires once for the whole set of rows; the rows are in old_table."));
		if (hook->actions & ~(HOOK_UPDATE | HOOK_DELETE | HOOK_TRUNCATE))
			refuse(errmsg("phase \"before_cascade\" has no action \"%s\"",
						  hooks_event_action_list(hook->actions & ~(HOOK_UPDATE | HOOK_DELETE | HOOK_TRUNCATE))),
				   errhint("Its actions are delete, update and truncate."));
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

static void
check_policy(Hook *hook)
{
	if (hook->policy == HOOK_RETRY && hook->phase != HOOK_AFTER_COMMIT)
		refuse(errmsg("policy \"retry\" is for phase \"after_commit\""));
	if (hook->max_attempts != 0 && hook->phase != HOOK_AFTER_COMMIT)
		refuse(errmsg("max_attempts is for phase \"after_commit\""));
	if (hook->timeout != NULL)
	{
		Interval	zero = {0};

		if (DatumGetInt32(DirectFunctionCall2(interval_cmp,
											  IntervalPGetDatum(hook->timeout),
											  IntervalPGetDatum(&zero))) <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("timeout of a hook must be greater than zero")));
	}
}

/*
 * Opens a table that hooks can be registered on: 42P01 if it is not there,
 * 42809 if it is no such table, 42501 if the caller could not create a trigger
 * on it.
 */
static Relation
open_target(Oid relid)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	const char *kind = NULL;
	AclResult	result;

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	switch (rel->rd_rel->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
			if (relid < FirstNormalObjectId)
				kind = "a system catalog";
			else if (rel->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
				kind = "a temporary table";
			else if (RelationGetNamespace(rel) == get_namespace_oid("hooks", false))
				kind = "a table of the extension hooks itself";
			break;
		case RELKIND_VIEW:
			kind = "a view";
			break;
		case RELKIND_MATVIEW:
			kind = "a materialized view";
			break;
		case RELKIND_FOREIGN_TABLE:
			kind = "a foreign table";
			break;
		default:
			kind = "not a table";
			break;
	}
	if (kind != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot register a hook on \"%s\"",
						RelationGetRelationName(rel)),
				 errdetail("It is %s.", kind)));
	result = pg_class_aclcheck(relid, GetUserId(), ACL_TRIGGER);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, get_relkind_objtype(rel->rd_rel->relkind),
					   RelationGetRelationName(rel));
	return rel;
}

/*
 * The columns exist, once each, and for "name" can be read when the hook fires.
 */
static void
check_columns(const Hook *hook, Relation rel)
{
	int			n;
	char	  **columns = hooks_registry_strings(hook->columns, &n);

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

/*
 * Reports (42P17) the cycle that a path of hooks, each to run after the next,
 * closes.
 */
static void
report_cycle(const char *origin, List *path)
{
	StringInfoData cycle;
	ListCell   *lc;

	initStringInfo(&cycle);
	appendStringInfo(&cycle, "\"%s\"", origin);
	foreach(lc, path)
		appendStringInfo(&cycle, " runs after \"%s\"%s", (char *) lfirst(lc),
						 lnext(path, lc) ? ", which" : "");
	refuse(errmsg("run_after of hook \"%s\" has a cycle", origin),
		   errdetail_internal("%s.", cycle.data));
}

/*
 * Follows run_after from the last hook of a path; looks at each hook once.
 */
static void
follow_run_after(const char *origin, ArrayType *run_after, List *path,
				 List **seen)
{
	int			n;
	char	  **names = hooks_registry_strings(run_after, &n);

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < n; i++)
	{
		List	   *here = lappend(list_copy(path), names[i]);
		bool		known = false;
		ListCell   *lc;
		Hook	   *hook;

		if (strcmp(names[i], origin) == 0)
			report_cycle(origin, here);
		foreach(lc, *seen)
			known |= strcmp(lfirst(lc), names[i]) == 0;
		if (known)
			continue;
		*seen = lappend(*seen, names[i]);

		/* Further back, a hook that is gone has no say any more */
		hook = path == NIL ? hooks_registry_get(names[i]) :
			hooks_registry_find(names[i]);
		if (hook != NULL)
			follow_run_after(origin, hook->run_after, here, seen);
	}
}

/*
 * 42704 for a hook that is not there, 42P17 for a cycle.
 */
static void
check_run_after(const Hook *hook)
{
	List	   *seen = NIL;

	follow_run_after(hook->name, hook->run_after, NIL, &seen);
}

/*
 * Whether a role may change or remove a hook: its owner, the table's owner, a
 * superuser.
 */
static bool
may_change(const Hook *hook)
{
	return superuser() || has_privs_of_role(GetUserId(), hook->owner) ||
		(OidIsValid(hook->relation) &&
		 SearchSysCacheExists1(RELOID, ObjectIdGetDatum(hook->relation)) &&
		 hooks_class_ownercheck(hook->relation, GetUserId()));
}

static void
check_may_change(const Hook *hook)
{
	if (!may_change(hook))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of hook \"%s\" or of its table", hook->name)));
}

/* the triggers of the table that a hook is, or was, on */
static void
sync_triggers(Oid relid)
{
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		hooks_attach_sync(relid);
}

/*
 * Everything about a definition that needs no look at the registry.
 */
static Hook *
hook_from_arguments(FunctionCallInfo fcinfo)
{
	Hook	   *hook = palloc0(sizeof(Hook));
	char	   *text;
	char	   *action;
	Oid			function;
	AclResult	result;
	Relation	rel;

	hook->name = hook_name_arg(fcinfo, ARG_NAME);
	hook->phase = hooks_event_parse_phase(required_text(fcinfo, ARG_PHASE, "phase"));
	action = required_text(fcinfo, ARG_ACTION, "action");
	hook->actions = hooks_event_parse_actions(action);
	hook->callback = required_text(fcinfo, ARG_CALLBACK, "callback");
	if ((text = text_arg(fcinfo, ARG_LEVEL)) != NULL)
		hook->level = hooks_event_parse_level(text);
	hook->columns = array_arg(fcinfo, ARG_COLUMNS, "columns", false);
	hook->arguments = array_arg(fcinfo, ARG_ARGUMENTS, "arguments", true);
	if (ArrayGetNItems(ARR_NDIM(hook->arguments), ARR_DIMS(hook->arguments)) > PG_INT16_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ARGUMENTS),
				 errmsg("cannot pass more than %d arguments to a trigger function",
						PG_INT16_MAX)));
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
	require(fcinfo, ARG_PRIORITY, "priority");
	hook->priority = PG_GETARG_INT32(ARG_PRIORITY);
	hook->run_after = array_arg(fcinfo, ARG_RUN_AFTER, "run_after", true);
	hook->run_as = hooks_event_parse_run_as(required_text(fcinfo, ARG_RUN_AS, "run_as"));
	hook->fire = hooks_event_parse_fire(required_text(fcinfo, ARG_FIRE, "fire"));
	if (!PG_ARGISNULL(ARG_SCHEMA))
		hook->schema = pstrdup(NameStr(*PG_GETARG_NAME(ARG_SCHEMA)));
	hook->package = text_arg(fcinfo, ARG_PACKAGE);
	hook->description = text_arg(fcinfo, ARG_DESCRIPTION);
	require(fcinfo, ARG_REPLACE, "replace");

	/* "truncate" asked for by its own name, not by a group */
	check_event(hook, strstr(action, "truncate") != NULL);
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
	{
		if (!superuser())
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("must be superuser to register a hook on more than one table")));
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("hooks on more than one table are not supported by this version")));
	}
	if (hook->schema != NULL)
		refuse(errmsg("schema is for hooks on all tables of a schema"),
			   errhint("Pass either relation or schema."));

	hook->relation = PG_GETARG_OID(ARG_RELATION);
	rel = open_target(hook->relation);
	check_columns(hook, rel);
	function = hooks_callback_lookup(hook->callback);
	result = hooks_proc_aclcheck(function, GetUserId());
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, hook->callback);
	hook->callback = hooks_callback_signature(function);
	if ((text = text_arg(fcinfo, ARG_CONDITION)) != NULL)
		hook->condition = hooks_condition_normalize(rel, text, hook->phase,
													hook->level, hook->actions);
	table_close(rel, NoLock);

	hook->owner = GetUserId();
	hook->search_path = pstrdup(namespace_search_path);
	hook->enabled = true;
	hook->enabled_at = GetCurrentTimestamp();
	return hook;
}

PG_FUNCTION_INFO_V1(hooks_register);

/*
 * hooks.register(...) returns boolean
 *
 * Registers a hook; see the README for the arguments.  True: the registry
 * changed; false: this very hook was there already.
 *
 * Errors: 22004 and 22023 for arguments that are null or no such word; 42P17
 * for combinations that make no sense, a callback of the wrong shape and a
 * cycle in run_after; 42883, 42P01, 42809, 42703, 42704 for what is not there
 * or cannot be used; 42501; 42710 for a taken name; 55000 where the library
 * would have to be preloaded.
 */
Datum
hooks_register(PG_FUNCTION_ARGS)
{
	Hook	   *hook = hook_from_arguments(fcinfo);
	bool		replace = PG_GETARG_BOOL(ARG_REPLACE);
	Hook	   *other;

	PreventCommandIfReadOnly("hooks.register()");
	hooks_registry_lock();
	other = hooks_registry_find(hook->name);
	if (other != NULL && hooks_registry_same(hook, other))
	{
		hooks_attach_sync(hook->relation);
		PG_RETURN_BOOL(false);
	}
	check_run_after(hook);
	if (other == NULL)
		hooks_registry_insert(hook);
	else
	{
		if (!replace)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("hook \"%s\" already exists", hook->name),
					 errhint("Pass replace => true to replace it.")));
		check_may_change(other);
		hook->hook_id = other->hook_id;
		hook->tid = other->tid;
		hooks_registry_update(hook);
		if (other->relation != hook->relation)
		{
			hooks_registry_invalidate(other);
			sync_triggers(other->relation);
		}
	}
	hooks_attach_sync(hook->relation);
	PG_RETURN_BOOL(true);
}

PG_FUNCTION_INFO_V1(hooks_unregister);

/*
 * hooks.unregister(name text, missing_ok boolean) returns boolean
 *
 * Removes a hook, and the triggers of its table that no other hook wants.
 * False: there was none and missing_ok is true; otherwise that is 42704.
 */
Datum
hooks_unregister(PG_FUNCTION_ARGS)
{
	char	   *name = required_text(fcinfo, 0, "name");
	Hook	   *hook;

	require(fcinfo, 1, "missing_ok");
	PreventCommandIfReadOnly("hooks.unregister()");
	hooks_registry_lock();
	hook = hooks_registry_find(name);
	if (hook == NULL && PG_GETARG_BOOL(1))
		PG_RETURN_BOOL(false);
	hook = hooks_registry_get(name);
	check_may_change(hook);
	hooks_registry_delete(hook);
	sync_triggers(hook->relation);
	PG_RETURN_BOOL(true);
}

PG_FUNCTION_INFO_V1(hooks_unregister_package);

/*
 * hooks.unregister_package(package text) returns bigint
 *
 * Removes all hooks of a package, or none if the caller may not remove one of
 * them (42501).
 */
Datum
hooks_unregister_package(PG_FUNCTION_ARGS)
{
	char	   *package = required_text(fcinfo, 0, "package");
	List	   *hooks;
	ListCell   *lc;

	PreventCommandIfReadOnly("hooks.unregister_package()");
	hooks_registry_lock();
	hooks = hooks_registry_of_package(package);
	foreach(lc, hooks)
		check_may_change(lfirst(lc));
	foreach(lc, hooks)
		hooks_registry_delete(lfirst(lc));
	foreach(lc, hooks)
	{
		CHECK_FOR_INTERRUPTS();
		sync_triggers(((Hook *) lfirst(lc))->relation);
	}
	PG_RETURN_INT64(list_length(hooks));
}

/*
 * What enable and disable have in common.
 */
static bool
set_enabled(FunctionCallInfo fcinfo, bool enabled)
{
	char	   *name = required_text(fcinfo, 0, "name");
	Hook	   *hook;

	PreventCommandIfReadOnly(enabled ? "hooks.enable()" : "hooks.disable()");
	hooks_registry_lock();
	hook = hooks_registry_get(name);
	check_may_change(hook);
	if (hook->enabled == enabled && !hook->quarantined)
		return false;
	if (enabled)
		hook->enabled_at = GetCurrentTimestamp();
	hook->enabled = enabled;
	hook->quarantined = false;
	hooks_registry_update(hook);
	return true;
}

PG_FUNCTION_INFO_V1(hooks_enable);

/*
 * hooks.enable(name text) returns boolean
 *
 * Puts a disabled or quarantined hook back in force, with its failures
 * forgiven.  False if it was in force; 42704, 42501.
 */
Datum
hooks_enable(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(set_enabled(fcinfo, true));
}

PG_FUNCTION_INFO_V1(hooks_disable);

/*
 * hooks.disable(name text) returns boolean
 *
 * Takes a hook out of force for everyone, when the transaction commits.  False
 * if it was; 42704, 42501.
 */
Datum
hooks_disable(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(set_enabled(fcinfo, false));
}

/*
 * The hook that pause and resume are about: for its owner and superusers.
 */
static Hook *
hook_to_pause(FunctionCallInfo fcinfo)
{
	Hook	   *hook = hooks_registry_get(required_text(fcinfo, 0, "name"));

	if (!superuser() && !has_privs_of_role(GetUserId(), hook->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of hook \"%s\"", hook->name)));
	return hook;
}

PG_FUNCTION_INFO_V1(hooks_pause);

/*
 * hooks.pause(name text, reason text) returns void
 *
 * The hook does not fire in the rest of this transaction, or until the
 * savepoint is rolled back in which it was paused.  42704, 42501.
 */
Datum
hooks_pause(PG_FUNCTION_ARGS)
{
	char	   *reason = required_text(fcinfo, 1, "reason");
	Hook	   *hook = hook_to_pause(fcinfo);

	hooks_settings_pause(hook->hook_id, true);
	ereport(LOG,
			(errmsg("hook \"%s\" paused by \"%s\": %s", hook->name,
					GetUserNameFromId(GetUserId(), false), reason)));
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(hooks_resume);

/*
 * hooks.resume(name text) returns void
 *
 * Ends a pause.  42704, 42501.
 */
Datum
hooks_resume(PG_FUNCTION_ARGS)
{
	Hook	   *hook = hook_to_pause(fcinfo);

	hooks_settings_pause(hook->hook_id, false);
	ereport(LOG,
			(errmsg("hook \"%s\" resumed by \"%s\"", hook->name,
					GetUserNameFromId(GetUserId(), false))));
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(hooks_cancel);

/*
 * hooks.cancel(reason text, detail text, hint text) returns void
 *
 * Raises KH001 with the reason as its message.
 */
Datum
hooks_cancel(PG_FUNCTION_ARGS)
{
	char	   *reason = required_text(fcinfo, 0, "reason");
	char	   *detail = text_arg(fcinfo, 1);
	char	   *hint = text_arg(fcinfo, 2);

	ereport(ERROR,
			(errcode(ERRCODE_HOOK_CANCELED),
			 errmsg_internal("%s", reason),
			 detail ? errdetail_internal("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0));
	PG_RETURN_VOID();
}
