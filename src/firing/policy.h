/*
 * policy.h
 *		What an error in a callback means: abort, isolate, quarantine.
 */
#ifndef HOOKS_POLICY_H
#define HOOKS_POLICY_H

#include "postgres.h"

#include "firing/chain.h"
#include "firing/context.h"

typedef enum HookOutcome
{
	HOOK_DONE,
	HOOK_FAILED,				/* and isolated */
	HOOK_TAKEN_OUT				/* failed, isolated, and in quarantine now */
} HookOutcome;

extern HookOutcome hooks_policy_run(const HookMember *member,
									HookFiring *firing,
									void (*body) (void *arg), void *arg);
extern ErrorData *hooks_policy_attempt(const HookMember *member,
									   HookFiring *firing,
									   void (*body) (void *arg), void *arg);
extern HookOutcome hooks_policy_failed(const HookMember *member,
									   const HookFiring *firing,
									   ErrorData *error);
extern void hooks_policy_add_context(void *arg);

/*
 * Does the policy ask for nothing but the context line?
 */
static inline bool
hooks_policy_is_plain(const HookMember *member)
{
	return member->hook->policy == HOOK_ABORT && member->timeout == 0;
}

#endif							/* HOOKS_POLICY_H */
