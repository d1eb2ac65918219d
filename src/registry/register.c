/*
 * register.c
 *		The SQL API that changes the registry.
 *
 * Order in every function: arguments and rights, then the writers' lock on the
 * registry, then both again, then the write, then the triggers of the table.
 * Who writes nothing gives the lock back.  All of it is in
 * the caller's transaction, so registry and triggers abort together.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/argument.h"
#include "base/compat.h"
#include "base/own.h"
#include "base/settings.h"
#include "base/wake.h"
#include "registry/arguments.h"
#include "registry/attach.h"
#include "registry/checks.h"
#include "registry/compose.h"
#include "registry/filter.h"
#include "registry/lock.h"
#include "registry/order.h"
#include "registry/parsed.h"
#include "registry/path.h"
#include "registry/record.h"
#include "registry/register.h"
#include "registry/registry.h"
#include "registry/remove.h"
#include "registry/scope.h"
#include "registry/watch.h"

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

/*
 * 42501 if the caller may not change or remove a hook, or what waits for it.
 */
void
hooks_register_check_owner(const Hook *hook)
{
	if (!may_change(hook))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of hook \"%s\" or of its table",
						hook->name)));
}

/*
 * The hook of a name, under the writers' lock: NULL or 42704 if there is none,
 * 42501 if the caller may not change it.  Both come before the lock, which
 * would keep others out until the end of the transaction; and once more under
 * it, as whoever had it may have removed the hook.
 */
static Hook *
hook_to_change(const char *name, bool missing_ok)
{
	Hook	   *hook = missing_ok ? hooks_registry_find(name) :
		hooks_registry_get(name);

	if (hook == NULL)
		return NULL;
	hooks_register_check_owner(hook);
	hooks_lock_registry();
	(void) hooks_lock_hook(name, true);
	hook = missing_ok ? hooks_registry_find(name) : hooks_registry_get(name);
	if (hook == NULL)
		hooks_lock_release(name);
	else
		hooks_register_check_owner(hook);
	return hook;
}

/*
 * Makes the triggers of the tables that a hook is for what they need.
 * Returns whether there was anything to do.
 */
static bool
sync_triggers(const Hook *hook)
{
	bool		changed = false;
	ListCell   *lc;

	if (OidIsValid(hook->relation))
		return hooks_attach_register(hook->relation);
	foreach(lc, hooks_scope_relations(hook))
	{
		CHECK_FOR_INTERRUPTS();
		changed |= hooks_attach_sync(lfirst_oid(lc));
	}
	return changed;
}

/*
 * Tells of triggers that somebody dropped or disabled.
 */
static void
report_problems(const Hook *hook)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, hooks_scope_relations(hook))
	{
		foreach(lc2, hooks_attach_problems(lfirst_oid(lc), "is", false))
		{
			ereport(WARNING,
					(errcode(ERRCODE_HOOK_ERROR),
					 errmsg("%s", (char *) lfirst(lc2)),
					 errdetail("Hooks did not fire. A trigger that is missing is made now, one that is disabled stays so."),
					 errhint("hooks.repair() enables what is disabled.")));
		}
	}
	foreach(lc, hooks_watch_disabled())
	{
		ereport(WARNING,
				(errcode(ERRCODE_HOOK_ERROR),
				 errmsg("event trigger \"%s\" is not enabled always",
						(char *) lfirst(lc)),
				 errdetail("Hooks do not follow schema changes."),
				 errhint("Call hooks.repair() as a superuser.")));
	}
}

/*
 * Does a foreign key refer to a table, or to a partition of it?  Then it has
 * triggers that carry out what the key says.
 */
static bool
is_referenced(Oid relid)
{
	ListCell   *lc;
	bool		found = false;

	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		Relation	rel = table_open(lfirst_oid(lc), NoLock);
		const TriggerDesc *triggers = rel->trigdesc;

		for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
			found |= RI_FKey_trigger_type(triggers->triggers[i].tgfoid) ==
				RI_TRIGGER_PK;
		table_close(rel, NoLock);
	}
	return found;
}

/*
 * Tells of arguments that nobody gets: the event has none.
 */
static void
tell_if_arguments_are_lost(const Hook *hook)
{
	if (ARR_NDIM(hook->arguments) != 0 &&
		hooks_word_takes_jsonb(hook->phase, hook->actions) &&
		!hooks_own_is_member(ProcedureRelationId, hook->callback))
		ereport(NOTICE,
				(errmsg("callback of hook \"%s\" does not get its arguments",
						hook->name),
				 errdetail("Arguments are for trigger functions; this callback takes the event as jsonb.")));
}

/*
 * Tells of a before_cascade hook on update that nothing can fire yet.
 */
static void
tell_if_not_referenced(const Hook *hook)
{
	if (hook->phase == HOOK_BEFORE_CASCADE && (hook->actions & HOOK_UPDATE) &&
		OidIsValid(hook->relation) && !is_referenced(hook->relation))
		ereport(NOTICE,
				(errmsg("hook \"%s\" will not fire on update as long as no foreign key refers to table \"%s\"",
						hook->name, get_rel_name(hook->relation)),
				 errdetail("In phase \"before_cascade\", an update is one of a referenced key.")));
}

/*
 * Does a hook run under another search_path than one that is the same
 * otherwise?
 */
static bool
has_other_path(const Hook *hook, const Hook *other)
{
	return hook->run_as == HOOK_AS_OWNER &&
		strcmp(hook->search_path, other->search_path) != 0;
}

/*
 * Tells who registers a hook that is there already whose it is: that role may
 * disable and remove it, and it runs with that role's rights.
 */
static void
tell_if_of_other(const Hook *other)
{
	if (other->owner != GetUserId())
		ereport(NOTICE,
				(errmsg("hook \"%s\" belongs to role \"%s\"", other->name,
						GetUserNameFromId(other->owner, false)),
				 errdetail("It stays as it is: it runs as that role, which may disable and remove it."),
				 errhint("To have it belong to you, unregister it before you register it.")));
}

PG_FUNCTION_INFO_V1(hooks_register);

/*
 * hooks.register(...) returns boolean
 *
 * Registers a hook; doc/functions.md has the arguments.  True: the registry
 * changed; false: this very hook was there already.
 *
 * Errors: 22004 and 22023 for arguments that are null or no such word; 42P17
 * for combinations that make no sense, a callback of the wrong shape and a
 * cycle in run_after; 42883, 42P01, 42809, 42703, 42704 for what is not there
 * or cannot be used; 42501; 42710 for a taken name; 0A000 for what later
 * versions have.
 */
Datum
hooks_register(PG_FUNCTION_ARGS)
{
	HookArguments given;
	Hook	   *hook;
	Hook	   *other;
	ListCell   *lc;

	/* before the objects that the hook names, as in commands that drop them */
	PreventCommandIfReadOnly("hooks.register()");
	hooks_parsed_kept = true;
	hooks_lock_registry();
	hooks_arguments_get(fcinfo, &given);
	hook = hooks_compose(&given);
	report_problems(hook);
	(void) hooks_lock_hook(hook->name, true);
	other = hooks_registry_find(hook->name);
	if (other != NULL && other->damage == NULL && hooks_hook_has_row(other) &&
		hooks_hook_same(hook, other) &&
		!(given.replace && other->owner == GetUserId() &&
		  has_other_path(hook, other)))
	{
		if (!sync_triggers(hook))
			hooks_lock_release(hook->name);
		tell_if_of_other(other);
		if (other->owner == GetUserId() && has_other_path(hook, other))
			hooks_path_tell_kept("hook", other->name, other->search_path);
		PG_RETURN_BOOL(false);
	}
	hooks_order_check(hook);
	if (hook->run_as == HOOK_AS_OWNER)
		hooks_path_tell("hook", hook->name, hook->owner, hook->callback,
						hook->search_path);
	if (other == NULL)
	{
		hooks_filter_refuse_name(hook->name);
		hooks_checks_refuse_name(hook->name);
		hooks_record_insert(hook);
	}
	else
	{
		if (!given.replace)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("hook \"%s\" already exists", hook->name),
					 errhint("Pass replace => true to replace it.")));
		hooks_register_check_owner(other);
		/* before its tables, which a callback may be about to use */
		if (hook->phase != HOOK_AFTER_COMMIT)
			hooks_remove_lock_deliveries(other);
		hooks_record_replace(hook, other);
		/* the owner may be another one, whose worker is not running */
		if (hook->phase == HOOK_AFTER_COMMIT)
			hooks_worker_retries(hook->owner);
		if (other->relation != hook->relation || !OidIsValid(hook->relation))
			foreach(lc, hooks_scope_relations(other))
		{
			(void) hooks_attach_sync(lfirst_oid(lc));
		}
	}
	hooks_attach_lock_sources(hook);
	(void) sync_triggers(hook);
	if (other != NULL && hook->phase != HOOK_AFTER_COMMIT)
		hooks_remove_deliveries(other);
	tell_if_not_referenced(hook);
	tell_if_arguments_are_lost(hook);
	PG_RETURN_BOOL(true);
}

PG_FUNCTION_INFO_V1(hooks_unregister);

/*
 * hooks.unregister(name text, missing_ok boolean) returns boolean
 *
 * Removes a hook, and the triggers of its table that no other hook wants; or a
 * filter, or check.  False: there was none and missing_ok is true; otherwise
 * that is 42704.
 */
Datum
hooks_unregister(PG_FUNCTION_ARGS)
{
	char	   *name = hooks_argument_text(fcinfo, 0);
	Hook	   *hook;

	hooks_argument_require(fcinfo, 1);
	PreventCommandIfReadOnly("hooks.unregister()");
	hook = hook_to_change(name, PG_GETARG_BOOL(1) ||
						  hooks_filter_named(name) != NIL ||
						  hooks_checks_find(name) != NULL);
	if (hook == NULL)
	{
		if (hooks_filter_remove(name) || hooks_checks_remove(name))
			PG_RETURN_BOOL(true);

		/* another session may have removed it meanwhile */
		if (PG_GETARG_BOOL(1))
			PG_RETURN_BOOL(false);
		hook = hook_to_change(name, false);
	}
	hooks_remove(list_make1(hook));
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
	char	   *package = hooks_argument_text(fcinfo, 0);
	List	   *hooks;
	ListCell   *lc;
	int64		removed = 0;

	PreventCommandIfReadOnly("hooks.unregister_package()");
	foreach(lc, hooks_checks_all(package))
	{
		if (hooks_checks_remove(((HookCheck *) lfirst(lc))->name))
			removed++;
	}
	hooks = hooks_registry_of_package(package);
	foreach(lc, hooks)
	{
		hooks_register_check_owner(lfirst(lc));
	}
	if (hooks == NIL)
		PG_RETURN_INT64(removed);

	/* once more, under the lock */
	hooks_lock_registry();
	foreach(lc, hooks_registry_of_package(package))
	{
		(void) hooks_lock_hook(((Hook *) lfirst(lc))->name, true);
	}
	hooks = hooks_registry_of_package(package);
	if (hooks == NIL)
		hooks_lock_release(NULL);
	foreach(lc, hooks)
	{
		hooks_register_check_owner(lfirst(lc));
	}
	hooks_remove(hooks);
	PG_RETURN_INT64(removed + list_length(hooks));
}

/*
 * What enable and disable have in common.
 */
static bool
set_enabled(FunctionCallInfo fcinfo, bool enabled)
{
	char	   *name = hooks_argument_text(fcinfo, 0);
	Hook	   *hook;

	PreventCommandIfReadOnly(enabled ? "hooks.enable()" : "hooks.disable()");
	hook = hook_to_change(name, false);
	if (hook->enabled == enabled && !hook->quarantined)
	{
		hooks_lock_release(name);
		return false;
	}
	if (enabled)
		hook->enabled_at = GetCurrentTimestamp();
	if (enabled && hook->phase == HOOK_AFTER_COMMIT)
		hooks_worker_retries(hook->owner);
	hook->enabled = enabled;
	hook->quarantined = false;
	hooks_record_update(hook);
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
	Hook	   *hook = hooks_registry_get(hooks_argument_text(fcinfo, 0));

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
	char	   *reason = hooks_argument_text(fcinfo, 1);
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
