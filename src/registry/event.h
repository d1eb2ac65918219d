/*
 * event.h
 *		The words of the registry: phases, actions, levels, policies.
 *
 * Each word is an enum here and a row of a table in event.c, from which it is
 * parsed and printed.  A HookEvent is what one trigger of ours stands for: a
 * phase, an action and a level.  The hooks of one relation and one HookEvent,
 * in their order, are a chain.
 */
#ifndef HOOKS_EVENT_H
#define HOOKS_EVENT_H

#include "postgres.h"

typedef enum HookPhase
{
	HOOK_BEFORE,
	HOOK_BEFORE_CASCADE,
	HOOK_AFTER,
	HOOK_BEFORE_COMMIT,
	HOOK_AFTER_COMMIT,
	HOOK_ON_FAILURE,
	HOOK_STARTUP
} HookPhase;

/* actions are bits, as one hook may have several */
typedef enum HookAction
{
	HOOK_INSERT = 1 << 0,
	HOOK_UPDATE = 1 << 1,
	HOOK_DELETE = 1 << 2,
	HOOK_TRUNCATE = 1 << 3,
	HOOK_SELECT = 1 << 4,
	HOOK_PUT = 1 << 5,
	HOOK_NAME = 1 << 6,
	HOOK_DROP = 1 << 7,
	HOOK_SESSION = 1 << 8,
	HOOK_SERVER = 1 << 9
} HookAction;

#define HOOK_WRITE	(HOOK_INSERT | HOOK_UPDATE | HOOK_DELETE | HOOK_TRUNCATE)
#define HOOK_READ	HOOK_SELECT
#define HOOK_ALL	(HOOK_READ | HOOK_WRITE)

typedef enum HookLevel
{
	HOOK_NO_LEVEL,				/* transaction, delivery, session */
	HOOK_ROW,
	HOOK_STATEMENT
} HookLevel;

typedef enum HookPolicy
{
	HOOK_ABORT,
	HOOK_ISOLATE,
	HOOK_QUARANTINE,
	HOOK_RETRY
} HookPolicy;

typedef enum HookRunAs
{
	HOOK_AS_OWNER,
	HOOK_AS_INVOKER
} HookRunAs;

typedef enum HookFire
{
	HOOK_ORIGIN,
	HOOK_REPLICA,
	HOOK_ALWAYS
} HookFire;

/* One trigger that a table may need, or a moment that needs none */
typedef struct HookEvent
{
	HookPhase	phase;
	HookLevel	level;			/* of the hooks, not of the trigger */
	HookAction	action;
	const char *trigger;		/* its name; NULL if there is none */
	const char *when;			/* the trigger's definition up to ON */
	const char *how;			/* and from there to EXECUTE FUNCTION */
} HookEvent;

/* those with a trigger come first */
#define HOOK_TRIGGERS 17
#define HOOK_EVENTS 19

extern const HookEvent hooks_events[HOOK_EVENTS];

extern HookPhase hooks_event_parse_phase(const char *text);
extern int	hooks_event_parse_actions(const char *text);
extern HookLevel hooks_event_parse_level(const char *text);
extern HookPolicy hooks_event_parse_policy(const char *text);
extern HookRunAs hooks_event_parse_run_as(const char *text);
extern HookFire hooks_event_parse_fire(const char *text);

extern const char *hooks_event_unknown_word(const char *phase,
											const char *action,
											const char *level,
											const char *policy,
											const char *run_as,
											const char *fire);

extern const char *hooks_event_phase_word(HookPhase phase);
extern const char *hooks_event_action_word(HookAction action);
extern char *hooks_event_action_list(int actions);
extern const char *hooks_event_level_word(HookLevel level);
extern const char *hooks_event_policy_word(HookPolicy policy);
extern const char *hooks_event_run_as_word(HookRunAs run_as);
extern const char *hooks_event_fire_word(HookFire fire);

extern const HookEvent *hooks_event_by_trigger(const char *name);
extern bool hooks_event_of_rows(const HookEvent *event);
extern bool hooks_event_captures(const HookEvent *event);
extern bool hooks_event_is_possible(const HookEvent *event, char relkind);
extern bool hooks_event_has_tables(const HookEvent *event);
extern char *hooks_event_create_trigger(const HookEvent *event,
										const char *table, bool tables);
extern bool hooks_event_takes_jsonb(HookPhase phase, int actions);
extern int16 hooks_event_trigger_type(const HookEvent *event);
extern bool hooks_event_wants(const HookEvent *event, HookPhase phase,
							  HookLevel level, int actions);
extern bool hooks_event_makes_sense(HookPhase phase, HookLevel level,
									int actions, bool columns);

#endif							/* HOOKS_EVENT_H */
