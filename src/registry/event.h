/*
 * event.h
 *		The words of the registry: phases, actions, levels, policies.
 *
 * The words are listed in words.h.  Each becomes an enumerator here and a row
 * of a table in event.c, by which it is parsed and printed.  A HookEvent is
 * what one trigger of ours stands for: a phase, an action and a level.  The
 * hooks of one relation and one HookEvent, in their order, are a chain.
 */
#ifndef HOOKS_EVENT_H
#define HOOKS_EVENT_H

#include "postgres.h"

typedef enum HookPhase
{
#define HOOK_PHASE_WORD(symbol, ...) symbol,
#include "registry/words.h"
} HookPhase;

/* actions are bits, as one hook may have several */
enum
{
#define HOOK_ACTION_WORD(symbol, ...) BIT_OF_##symbol,
#include "registry/words.h"
};

typedef enum HookAction
{
#define HOOK_ACTION_WORD(symbol, ...) symbol = 1 << BIT_OF_##symbol,
#include "registry/words.h"
#define HOOK_GROUP_WORD(symbol, word, since, actions) symbol = actions,
#include "registry/words.h"
} HookAction;

/* the actions of phase startup */
#define HOOK_ON_STARTUP (HOOK_SESSION | HOOK_SERVER)

typedef enum HookLevel
{
	HOOK_NO_LEVEL,				/* transaction, delivery, session */
#define HOOK_LEVEL_WORD(symbol, ...) symbol,
#include "registry/words.h"
} HookLevel;

typedef enum HookPolicy
{
#define HOOK_POLICY_WORD(symbol, ...) symbol,
#include "registry/words.h"
} HookPolicy;

typedef enum HookRunAs
{
#define HOOK_RUN_AS_WORD(symbol, ...) symbol,
#include "registry/words.h"
} HookRunAs;

typedef enum HookFire
{
#define HOOK_FIRE_WORD(symbol, ...) symbol,
#include "registry/words.h"
} HookFire;

typedef enum HookActivation
{
#define HOOK_ACTIVATION_WORD(symbol, ...) symbol,
#include "registry/words.h"
} HookActivation;

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

extern HookPhase hooks_event_parse_phase(const char *given);
extern int	hooks_event_parse_actions(const char *given);
extern int	hooks_event_find_actions(const char *given);
extern int	hooks_event_parse_asked(const char *given, int *named);
extern HookLevel hooks_event_parse_level(const char *given);
extern HookPolicy hooks_event_parse_policy(const char *given);
extern HookRunAs hooks_event_parse_run_as(const char *given);
extern HookFire hooks_event_parse_fire(const char *given);
extern HookActivation hooks_event_parse_activation(const char *given);

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
extern const char *hooks_event_activation_word(HookActivation activation);

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
extern bool hooks_event_takes_jsonb(HookPhase phase, int actions);
extern int	hooks_event_jsonb_actions(void);
extern bool hooks_event_mixes_shapes(HookPhase phase, int actions);
extern int	hooks_event_actions(HookPhase phase, HookLevel level);
extern bool hooks_event_can_veto(HookPhase phase);
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
