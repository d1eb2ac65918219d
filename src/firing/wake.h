/*
 * wake.h
 *		Wakes the worker that delivers what a transaction brings about.
 */
#ifndef HOOKS_WAKE_H
#define HOOKS_WAKE_H

#include "postgres.h"

extern void hooks_worker_wanted(Oid owner);

#endif							/* HOOKS_WAKE_H */
