/*
 * repair.c
 *		The SQL API that mends what got out of step: hooks.repair().
 *
 * Registry and triggers are kept together by every command, as long as the
 * event triggers are enabled and nobody changes the triggers by hand.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/attempt.h"
#include "base/command.h"
#include "base/compat.h"
#include "base/glance.h"
#include "base/own.h"
#include "base/settings.h"
#include "cascade/switched.h"
#include "outbox/work.h"
#include "registry/attach.h"
#include "registry/definition.h"
#include "registry/guard.h"
#include "registry/lock.h"
#include "registry/record.h"
#include "registry/registry.h"
#include "registry/remove.h"
#include "registry/scope.h"
#include "registry/source.h"
#include "registry/watch.h"

static bool
owns_hook(const Hook *hook)
{
	return superuser() ||
		(SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(hook->owner)) &&
		 has_privs_of_role(GetUserId(), hook->owner));
}

/*
 * Is the table or schema of a hook gone?
 */
static bool
is_gone(const Hook *hook)
{
	return hook->schema_gone ||
		(OidIsValid(hook->relation) &&
		 !SearchSysCacheExists1(RELOID, ObjectIdGetDatum(hook->relation)));
}

/*
 * Removes the hooks whose table or schema is gone; returns their number.
 */
static int64
remove_gone(void)
{
	List	   *gone = NIL;
	ListCell   *lc;

	foreach(lc, hooks_registry_all())
	{
		Hook	   *hook = lfirst(lc);

		if (!is_gone(hook) || !owns_hook(hook))
			continue;
		ereport(NOTICE,
				(errmsg("hook \"%s\" is removed, as its %s is gone",
						hook->name,
						OidIsValid(hook->relation) ? "table" : "schema")));
		gone = lappend(gone, hook);
	}
	hooks_remove(gone);
	return list_length(gone);
}

/*
 * The tables that have a trigger of ours.
 */
static List *
tables_with_triggers(void)
{
	Relation	pg_trigger = table_open(TriggerRelationId, AccessShareLock);
	SysScanDesc scan =
		systable_beginscan(pg_trigger, InvalidOid, false, NULL, 0,
						   NULL);
	Oid			dispatch = hooks_own_function("dispatch", 0);
	List	   *tables = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

		CHECK_FOR_INTERRUPTS();
		if (form->tgfoid == dispatch)
			tables = lappend_oid(tables, form->tgrelid);
	}
	systable_endscan(scan);
	table_close(pg_trigger, AccessShareLock);
	return tables;
}

/*
 * The tables that may need a repair, each once, partitioned ones before their
 * partitions.
 */
static List *
tables_to_mend(void)
{
	List	   *hooks = hooks_registry_all();
	List	   *above = NIL;
	List	   *tables;
	ListCell   *source;
	ListCell   *lc;

	foreach(lc, hooks)
	{
		Hook	   *hook = lfirst(lc);

		/* the farthest first: to mend a table mends those above it silently */
		foreach(source, hook->phase != HOOK_BEFORE_CLOSURE ? NIL :
				hooks_source_all(hook))
		{
			above = lcons_oid(lfirst_oid(source), above);
		}
	}
	tables = list_concat(above, hooks_scope_tables(hooks));
	return list_concat_unique_oid(NIL,
								  list_concat(tables, tables_with_triggers()));
}

typedef struct Mending
{
	Oid			relid;
	bool		changed;
} Mending;

static void
mend_table(void *arg)
{
	Mending    *mending = arg;

	mending->changed = hooks_attach_mend(mending->relid);
}

/*
 * Reports the problems of a table that were mended; returns their number.
 */
static int64
report_mended(Oid relid, List *before, List *after)
{
	int64		mended = 0;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, before)
	{
		bool		left = false;

		foreach(lc2, after)
		{
			left |= strcmp(lfirst(lc), lfirst(lc2)) == 0;
		}
		if (left)
			continue;
		ereport(NOTICE, (errmsg("%s", (char *) lfirst(lc))));
		mended++;
	}
	if (before == NIL)
	{
		ereport(NOTICE,
				(errmsg("table \"%s\" had triggers that its hooks do not want",
						get_rel_name(relid))));
		mended++;
	}
	return mended;
}

/*
 * Mends the triggers of tables that the caller owns or has hooks on; returns
 * the number of problems.  Triggers of foreign keys are left as they are.
 */
static int64
mend_tables(void)
{
	int64		mended = 0;
	HookGlance	glance;
	List	   *tables;
	ListCell   *lc;
	ListCell   *lc2;

	/* most of them may be none of the caller's business */
	hooks_glance_begin(&glance);
	tables = tables_to_mend();
	hooks_glance_end(&glance);
	foreach(lc, tables)
	{
		Mending		mending = {lfirst_oid(lc), false};
		List	   *problems;
		bool		may;
		ErrorData  *error;

		CHECK_FOR_INTERRUPTS();
		if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(mending.relid)))
			continue;
		may = hooks_class_ownercheck(mending.relid, GetUserId());
		foreach(lc2, hooks_registry_of_relation(mending.relid))
		{
			may |= owns_hook(lfirst(lc2));
		}
		if (!may)
			continue;
		problems = hooks_attach_problems(mending.relid, "was", false);
		error = hooks_attempt(mend_table, &mending);
		if (error != NULL)
			ereport(WARNING,
					(errcode(error->sqlerrcode),
					 errmsg("could not mend the triggers of table \"%s\": %s",
							get_rel_name(mending.relid), error->message),
					 error->hint != NULL ? errhint("%s", error->hint) : 0));
		if (mending.changed)
			mended += report_mended(mending.relid, problems,
									hooks_attach_problems(mending.relid, "was",
														  false));
		foreach(lc2, hooks_attach_problems(mending.relid, "is", false))
		{
			ereport(WARNING,
					(errcode(ERRCODE_HOOK_ERROR),
					 errmsg("%s", (char *) lfirst(lc2))));
		}
		hooks_switched_report_table(mending.relid);
	}
	return mended;
}

/*
 * Makes the rows of definitions that have none, or an old one; tells of what
 * cannot be mended.
 */
static int64
mend_hooks(void)
{
	int64		mended = 0;
	ListCell   *lc;

	foreach(lc, hooks_registry_all())
	{
		Hook	   *hook = lfirst(lc);
		const char *forbidden;

		CHECK_FOR_INTERRUPTS();
		if (!owns_hook(hook))
			continue;
		if (hook->damage != NULL)
		{
			ereport(WARNING,
					(errcode(ERRCODE_HOOK_ERROR),
					 errmsg("hook \"%s\" cannot fire: %s", hook->name,
							hook->damage),
					 errhint("Register it again with replace => true, or unregister it.")));
			continue;
		}
		forbidden = hooks_scope_forbids(hook);
		if (forbidden != NULL)
			ereport(WARNING,
					(errcode(ERRCODE_HOOK_ERROR),
					 errmsg("hook \"%s\" cannot fire: %s", hook->name,
							forbidden),
					 errhint("Give the owner the right, or register the hook again as another role.")));
		if (hooks_record_adopt(hook->definition))
		{
			ereport(NOTICE,
					(errmsg("row of hook \"%s\" in hooks.registry did not show what its definition says",
							hook->name)));
			mended++;
		}
	}
	return mended;
}

/*
 * Enables our event triggers, or tells of them.
 */
static int64
mend_event_triggers(void)
{
	List	   *disabled = hooks_watch_disabled();
	ListCell   *lc;

	foreach(lc, disabled)
	{
		ereport(superuser() ? NOTICE : WARNING,
				(errmsg("event trigger \"%s\" %s not enabled always",
						(char *) lfirst(lc), superuser() ? "was" : "is")));
	}
	if (!superuser())
		return 0;
	hooks_watch_enable(disabled);
	return list_length(disabled);
}

PG_FUNCTION_INFO_V1(hooks_repair);

/*
 * hooks.repair() returns bigint
 *
 * Makes the triggers of all tables what their hooks need, removes hooks whose
 * table or schema is gone, and, for superusers, enables the triggers and event
 * triggers of the extension itself and wakes the workers; all sessions read
 * the registry anew.  Others mend what they own.  Tells of each thing with a
 * NOTICE, of what cannot be mended with a WARNING; returns how many were
 * mended.
 */
Datum
hooks_repair(PG_FUNCTION_ARGS)
{
	int64		mended;

	PreventCommandIfReadOnly("hooks.repair()");
	hooks_lock_registry();
	mended = mend_event_triggers();
	mended += hooks_guard_mend(NULL);
	mended += remove_gone();
	mended += mend_hooks();
	mended += mend_tables();
	if (superuser())
		hooks_work_wake_all();
	if (mended == 0)
		hooks_lock_release(NULL);

	/*
	 * rows may have been loaded without our triggers, so no session knows of
	 * them
	 */
	CacheInvalidateRelcacheAll();
	PG_RETURN_INT64(mended);
}
