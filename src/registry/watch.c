/*
 * watch.c
 *		The event triggers of the extension: that they are enabled.
 *
 * While one is not, what ddl.c does for schema changes is not done.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/command.h"
#include "base/own.h"
#include "registry/registry.h"
#include "registry/watch.h"

static const char *const functions[] = {
	"ddl_command_start", "sql_drop", "ddl_command_end"
};

/*
 * The names of our event triggers that are not enabled always.
 */
List *
hooks_watch_disabled(void)
{
	Relation	catalog = table_open(EventTriggerRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0,
										  NULL);
	List	   *names = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_event_trigger form = (Form_pg_event_trigger) GETSTRUCT(tuple);

		if (form->evtenabled == TRIGGER_FIRES_ALWAYS)
			continue;
		for (int i = 0; i < lengthof(functions); i++)
			if (form->evtfoid == hooks_own_function(functions[i], 0))
				names = lappend(names, pstrdup(NameStr(form->evtname)));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return names;
}

/*
 * Enables them; for superusers.
 */
void
hooks_watch_enable(List *names)
{
	List	   *commands = NIL;
	ListCell   *lc;

	foreach(lc, names)
	{
		commands = hooks_command_add(commands, GetUserId(),
									 psprintf("ALTER EVENT TRIGGER %s ENABLE ALWAYS",
											  quote_identifier(lfirst(lc))));
	}
	hooks_command_run(commands);
}
