/*
 * bypass.h
 *		Counts what statements leave out as a whole.
 */
#ifndef HOOKS_BYPASS_H
#define HOOKS_BYPASS_H

#include "postgres.h"

#include "commands/trigger.h"
#include "nodes/execnodes.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
#include "utils/rel.h"

#include "firing/chain.h"
#include "registry/event.h"

extern void hooks_bypass_event(Oid relid, const HookEvent *event,
							   HookMiss why);
extern void hooks_bypass_disabled(Relation rel, int actions);
extern void hooks_bypass_skipped(Relation rel, int actions, bool named);
extern void hooks_bypass_no_rows(const ResultRelInfo *table, int actions);
extern void hooks_bypass_copied(const RangeVar *name);
extern void hooks_bypass_truncated(const TruncateStmt *statement);

/*
 * Does PostgreSQL leave a trigger out, in this session or in all?
 */
static inline bool
hooks_bypass_is_switched_off(const Trigger *trigger)
{
	return trigger->tgenabled !=
		(SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA ?
		 TRIGGER_FIRES_ON_REPLICA : TRIGGER_FIRES_ON_ORIGIN) &&
		trigger->tgenabled != TRIGGER_FIRES_ALWAYS;
}

/*
 * Does it leave out any trigger of a table, be it ours or not?
 */
static inline bool
hooks_bypass_is_likely(Relation rel)
{
	const TriggerDesc *triggers = rel->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		if (hooks_bypass_is_switched_off(&triggers->triggers[i]))
			return true;
	}
	return false;
}

#endif							/* HOOKS_BYPASS_H */
