/*
 * guard.c
 *		The triggers of the extension's own tables.
 *
 * The library writes to them past triggers.  These are for everybody else:
 * pg_restore, and logical replication, to which a publication FOR ALL TABLES
 * brings hooks.registry and hooks.failure too.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "replication/logicalworker.h"
#include "utils/inval.h"

#include "attach.h"
#include "registry.h"
#include "scope.h"

static TriggerData *
trigger_data(FunctionCallInfo fcinfo, const char *function)
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
 * out.  39P01 if it is not called as a trigger.
 */
Datum
hooks_registry_changed(PG_FUNCTION_ARGS)
{
	TriggerData *data = trigger_data(fcinfo, "registry_changed");
	ListCell   *lc;
	ListCell   *lc2;

	CacheInvalidateRelcacheAll();
	CommandCounterIncrement();
	if (TRIGGER_FIRED_BY_INSERT(data->tg_event))
		foreach(lc, hooks_registry_all())
			foreach(lc2, hooks_scope_relations(lfirst(lc)))
				if (OidIsValid(getExtensionOfObject(RelationRelationId,
													lfirst_oid(lc2))))
					(void) hooks_attach_sync(lfirst_oid(lc2));
	return PointerGetDatum(NULL);
}

PG_FUNCTION_INFO_V1(hooks_not_replicated);

/*
 * hooks.not_replicated() returns trigger
 *
 * Before a row: skips it if it comes from a publication.  What is registered is
 * each server's own: the rows would come without the triggers.  39P01 if it is
 * not called as a trigger.
 */
Datum
hooks_not_replicated(PG_FUNCTION_ARGS)
{
	TriggerData *data = trigger_data(fcinfo, "not_replicated");

	if (IsLogicalWorker())
		return PointerGetDatum(NULL);
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(data->tg_event) ?
						   data->tg_newtuple : data->tg_trigtuple);
}
