/*
 * event.h
 *		The events: what one trigger of ours stands for.
 *
 * A HookEvent is a phase, an action and a level.  The hooks of one relation
 * and one HookEvent, in their order, are a chain.
 */
#ifndef HOOKS_EVENT_H
#define HOOKS_EVENT_H

#include "postgres.h"

#include "registry/word.h"

/* One trigger that a table may need, or a moment that needs none */
typedef struct HookEvent
{
	HookPhase	phase;
	HookLevel	level;			/* of the hooks, not of the trigger */
	HookAction	action;
	const char *trigger;		/* its name; NULL if there is none */
} HookEvent;

/* how many there are: one for each line of the list */
enum
{
	HOOK_EVENTS = 0
#define HOOK_EVENT(...) +1
#include "registry/words.h"
};

extern const HookEvent hooks_events[HOOK_EVENTS];

extern const HookEvent *hooks_event_find(HookPhase phase, HookLevel level,
										 HookAction action);
extern const HookEvent *hooks_event_by_trigger(const char *name);
extern const HookEvent *hooks_event_closure(const HookEvent *event);
extern bool hooks_event_of_rows(const HookEvent *event);
extern bool hooks_event_captures(const HookEvent *event);
extern bool hooks_event_notes(const HookEvent *event);
extern bool hooks_event_has_when(const HookEvent *event);
extern const char *hooks_event_when_function(HookPhase phase);
extern bool hooks_event_is_possible(const HookEvent *event, char relkind);
extern bool hooks_event_has_tables(const HookEvent *event);
extern char *hooks_event_create_trigger(const HookEvent *event,
										const char *table, bool tables);
extern int	hooks_event_actions(HookPhase phase, HookLevel level);
extern int16 hooks_event_trigger_type(const HookEvent *event);
extern bool hooks_event_has_level(HookPhase phase);
extern bool hooks_event_allows_policy(HookPhase phase, HookPolicy policy);
extern bool hooks_event_wants(const HookEvent *event, HookPhase phase,
							  HookLevel level, int actions);
extern int	hooks_event_told(const HookEvent *event, int actions,
							 HookAction told[2]);
extern bool hooks_event_names(HookPhase phase, HookLevel level, int actions);
extern bool hooks_event_makes_sense(HookPhase phase, HookLevel level,
									int actions, bool columns);

#endif							/* HOOKS_EVENT_H */
