/*
 * attempt.h
 *		Runs what may fail in a subtransaction.
 */
#ifndef HOOKS_ATTEMPT_H
#define HOOKS_ATTEMPT_H

#include "postgres.h"

extern bool hooks_attempt_must_propagate(int sqlerrcode);
extern ErrorData *hooks_attempt(void (*body) (void *arg), void *arg);

#endif							/* HOOKS_ATTEMPT_H */
