/*
 * present.h
 *		What hooks there are: cached, so that most commands need not read the
 *		registry.
 */
#ifndef HOOKS_PRESENT_H
#define HOOKS_PRESENT_H

#include "postgres.h"

/* As bits */
#define HOOKS_ANY		(1 << 0)
#define HOOKS_WIDE		(1 << 1)	/* on all tables of a schema, or all */
#define HOOKS_ON_DROP	(1 << 2)
#define HOOKS_ON_FAILURE	(1 << 3)

/* Are there on_failure hooks? */
typedef enum HookFailureState
{
	HOOKS_FAILURE_UNKNOWN,
	HOOKS_NO_FAILURE,
	HOOKS_SOME_FAILURE
} HookFailureState;

extern HookFailureState hooks_present_failure_state;

extern void hooks_present_init(void);
extern int	hooks_present_kinds(void);
extern bool hooks_present_on(Oid relid);
extern bool hooks_present_registry(void);
extern bool hooks_present_watches_failures(void);

#endif							/* HOOKS_PRESENT_H */
