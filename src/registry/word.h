/*
 * word.h
 *		The words of the registry: phases, actions, levels, policies.
 *
 * The words are listed in words.h.  Each becomes an enumerator here and a row
 * of a table in word.c, by which it is parsed and printed.
 */
#ifndef HOOKS_WORD_H
#define HOOKS_WORD_H

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

extern HookPhase hooks_word_parse_phase(const char *given);
extern int	hooks_word_parse_actions(const char *given);
extern int	hooks_word_find_actions(const char *given);
extern int	hooks_word_parse_asked(const char *given, int *named);
extern HookLevel hooks_word_parse_level(const char *given);
extern HookPolicy hooks_word_parse_policy(const char *given);
extern HookRunAs hooks_word_parse_run_as(const char *given);
extern HookFire hooks_word_parse_fire(const char *given);
extern HookActivation hooks_word_parse_activation(const char *given);

extern const char *hooks_word_unknown(const char *phase,
									  const char *action,
									  const char *level,
									  const char *policy,
									  const char *run_as,
									  const char *fire);

extern const char *hooks_word_of_phase(HookPhase phase);
extern const char *hooks_word_of_action(HookAction action);
extern char *hooks_word_action_list(int actions);
extern const char *hooks_word_of_level(HookLevel level);
extern const char *hooks_word_of_policy(HookPolicy policy);
extern const char *hooks_word_of_run_as(HookRunAs run_as);
extern const char *hooks_word_of_fire(HookFire fire);
extern const char *hooks_word_of_activation(HookActivation activation);

extern bool hooks_word_takes_jsonb(HookPhase phase, int actions);
extern int	hooks_word_jsonb_actions(void);
extern bool hooks_word_mixes_shapes(HookPhase phase, int actions);
extern bool hooks_word_can_veto(HookPhase phase);

#endif							/* HOOKS_WORD_H */
