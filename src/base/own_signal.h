/*
 * own_signal.h
 *		Signals that a callback sends to its own session.
 */
#ifndef HOOKS_OWN_SIGNAL_H
#define HOOKS_OWN_SIGNAL_H

#include "postgres.h"

extern void hooks_own_signal_guard(void);
extern void hooks_own_signal_release(void);
extern bool hooks_own_signal_caused(int sqlerrcode);

#endif							/* HOOKS_OWN_SIGNAL_H */
