/*
 * made.h
 *		One trigger of ours on one table: what it must be, and the commands
 *		that make it, drop it and enable it.
 */
#ifndef HOOKS_MADE_H
#define HOOKS_MADE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/relcache.h"
#include "utils/reltrigger.h"

#include "registry/event.h"

extern const Trigger *hooks_made_find(const TriggerDesc *triggers,
									  const HookEvent *event);
extern bool hooks_made_by_us(const Trigger *trigger, const HookEvent *event);
extern bool hooks_made_wants_tables(Relation rel, const HookEvent *event);
extern bool hooks_made_has_tables(const Trigger *trigger);
extern bool hooks_made_is_off(const Trigger *trigger);
extern void hooks_made_tell_other(Relation rel, const Trigger *trigger,
								  bool error);
extern List *hooks_made_create(List *commands, Relation rel,
							   const HookEvent *event);
extern List *hooks_made_drop(List *commands, Relation rel,
							 const HookEvent *event);
extern List *hooks_made_set_state(List *commands, Relation rel,
								  const HookEvent *event, char state);

#endif							/* HOOKS_MADE_H */
