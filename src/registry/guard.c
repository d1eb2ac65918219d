/*
 * guard.c
 *		The triggers of the extension's own tables.
 *
 * The library writes to them past triggers.  These are for everybody else:
 * pg_restore, and logical replication, to which a publication FOR ALL TABLES
 * brings hooks.registry and hooks.failure too.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "replication/logicalworker.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "base/command.h"
#include "base/own.h"
#include "registry/attach.h"
#include "registry/definition.h"
#include "registry/guard.h"
#include "registry/present.h"
#include "registry/record.h"
#include "registry/registry.h"
#include "registry/scope.h"

/*
 * The call of a trigger function of ours; 39P01 if it is none.
 */
TriggerData *
hooks_guard_trigger_data(FunctionCallInfo fcinfo, const char *function)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function hooks.%s() was not called by trigger manager",
						function)));
	return (TriggerData *) fcinfo->context;
}

PG_FUNCTION_INFO_V1(hooks_registry_changed);

/*
 * hooks.registry_changed() returns trigger
 *
 * After a statement wrote to hooks.registry: all sessions read it anew.  Makes
 * the triggers of tables that belong to an extension, as pg_dump leaves those
 * out.  A registry of another version, which a dump may bring, waits for ALTER
 * EXTENSION hooks UPDATE.  39P01 if it is not called as a trigger.
 */
Datum
hooks_registry_changed(PG_FUNCTION_ARGS)
{
	TriggerData *data = hooks_guard_trigger_data(fcinfo, "registry_changed");
	ListCell   *lc;
	ListCell   *lc2;

	hooks_definition_end_loading();
	CacheInvalidateRelcacheAll();
	CommandCounterIncrement();
	if (TRIGGER_FIRED_BY_INSERT(data->tg_event) && hooks_present_registry())
	{
		foreach(lc, hooks_definition_all())
		{
			(void) hooks_record_adopt(lfirst_oid(lc));
		}
		foreach(lc, hooks_registry_all())
		{
			foreach(lc2, hooks_scope_relations(lfirst(lc)))
			{
				if (OidIsValid(getExtensionOfObject(RelationRelationId,
													lfirst_oid(lc2))))
					(void) hooks_attach_sync(lfirst_oid(lc2));
			}
		}
	}
	return PointerGetDatum(NULL);
}

PG_FUNCTION_INFO_V1(hooks_registry_load);

/*
 * hooks.registry_load() returns trigger
 *
 * Before a row is inserted into hooks.registry: it takes the place of the one
 * that its definition has made already.  39P01 if it is not called as a
 * trigger.
 */
Datum
hooks_registry_load(PG_FUNCTION_ARGS)
{
	TriggerData *data = hooks_guard_trigger_data(fcinfo, "registry_load");

	if (IsLogicalWorker())
		return PointerGetDatum(NULL);
	hooks_record_make_way(data->tg_trigtuple);
	return PointerGetDatum(data->tg_trigtuple);
}

PG_FUNCTION_INFO_V1(hooks_not_replicated);

/*
 * hooks.not_replicated() returns trigger
 *
 * Before a row: skips it if it comes from a publication.  What is registered
 * is each server's own: the rows would come without the triggers.  39P01 if it
 * is not called as a trigger.
 */
Datum
hooks_not_replicated(PG_FUNCTION_ARGS)
{
	TriggerData *data = hooks_guard_trigger_data(fcinfo, "not_replicated");

	if (IsLogicalWorker())
		return PointerGetDatum(NULL);
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(data->tg_event) ?
						   data->tg_newtuple : data->tg_trigtuple);
}

/*
 * Puts the triggers of a table of ours, or of all (NULL), into the state that
 * they are made in; for superusers.  ALTER TABLE ... ENABLE TRIGGER ALL, as at
 * the end of pg_restore --disable-triggers, leaves them enabled for the origin
 * only.  Returns how many were in another one.
 */
int64
hooks_guard_mend(const char *table)
{
	static const struct
	{
		const char *table;
		const char *trigger;
		char		state;
		const char *word;
	}			wanted[] =
	{
		{"registry", "registry_changed", TRIGGER_FIRES_ALWAYS, "ALWAYS"},
		{"registry", "registry_load", TRIGGER_FIRES_ALWAYS, "ALWAYS"},
		{"registry", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"failure", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"kept", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"kept_row", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"bin", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"delivery", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"position_1", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"position_2", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"position_3", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"log_1", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"log_2", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"log_3", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"kept_dump", "kept_load", TRIGGER_FIRES_ALWAYS, "ALWAYS"},
		{"audited", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"audited_row", "not_replicated", TRIGGER_FIRES_ON_REPLICA, "REPLICA"},
		{"audited_dump", "audited_load", TRIGGER_FIRES_ALWAYS, "ALWAYS"},
		{"audited_row_dump", "audited_load", TRIGGER_FIRES_ALWAYS, "ALWAYS"},
	};
	List	   *commands = NIL;

	for (int i = 0; i < lengthof(wanted) && superuser(); i++)
	{
		Relation	rel;
		TriggerDesc *triggers;

		if (table != NULL && strcmp(table, wanted[i].table) != 0)
			continue;
		rel = hooks_own_open_named(wanted[i].table, RELKIND_RELATION,
								   AccessShareLock);

		/*
		 * a copy: to look for the function may make the relcache build it
		 * anew
		 */
		triggers = CopyTriggerDesc(rel->trigdesc);
		for (int j = 0; triggers != NULL && j < triggers->numtriggers; j++)
			if (strcmp(triggers->triggers[j].tgname, wanted[i].trigger) == 0 &&
				triggers->triggers[j].tgfoid ==
				hooks_own_function(wanted[i].trigger, 0) &&
				triggers->triggers[j].tgenabled != wanted[i].state)
			{
				ereport(NOTICE,
						(errmsg("trigger \"%s\" of table \"%s\" was not enabled as the extension needs it",
								wanted[i].trigger, wanted[i].table)));
				commands = hooks_command_add(commands, GetUserId(),
											 psprintf("ALTER TABLE hooks.%s ENABLE %s TRIGGER %s",
													  wanted[i].table,
													  wanted[i].word,
													  wanted[i].trigger));
			}
		table_close(rel, AccessShareLock);
	}
	hooks_command_run(commands);
	return list_length(commands);
}
