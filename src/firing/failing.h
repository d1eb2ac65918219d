/*
 * failing.h
 *		Statements that fail, for on_failure hooks.
 */
#ifndef HOOKS_FAILING_H
#define HOOKS_FAILING_H

#include "postgres.h"

#include "executor/execdesc.h"
#include "nodes/parsenodes.h"

#include "base/counters.h"

/* so many hooks of a statement need no memory but the stack's */
#define FAILING_HOOKS 16

/* A hook that is to be told, should the statement fail */
typedef struct HookFailingHook
{
	Oid			owner;
	Oid			definition;
	Oid			relation;
	int			action;
	bool		stand_in;		/* see hooks_workers_stand_in() */
	HookTally  *tally;
} HookFailingHook;

/*
 * What is known of a statement while the executor works on it, or a utility
 * command.  On the C stack.
 */
typedef struct HookFailing
{
	const char *sql;			/* of the statement */
	Oid			caller;
	int			n;
	int			size;			/* of the array */
	HookFailingHook *hooks;		/* the following, or palloc'd */
	HookFailingHook few[FAILING_HOOKS];
} HookFailing;

/* so many failed statements wait for the end of the transaction */
extern int	hooks_failing_waiting;

extern void hooks_failing_query(HookFailing *failing, const QueryDesc *query);
extern void hooks_failing_command(HookFailing *failing, Node *command,
								  const char *sql);
extern void hooks_failing_leave(void);
extern void hooks_failing_caught(const HookFailing *failing);
extern void hooks_failing_abort(int nest_level);
extern void hooks_failing_end_transaction(void);

#endif							/* HOOKS_FAILING_H */
