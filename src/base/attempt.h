/*
 * attempt.h
 *		Runs what may fail in a subtransaction, and ends what has failed.
 */
#ifndef HOOKS_ATTEMPT_H
#define HOOKS_ATTEMPT_H

#include "postgres.h"

extern bool hooks_attempt_must_propagate(int sqlerrcode);
extern ErrorData *hooks_attempt(void (*body) (void *arg), void *arg);
extern void hooks_attempt_give_up(void);

#endif							/* HOOKS_ATTEMPT_H */
