/*
 * when.h
 *		The WHEN of our triggers, ready to be evaluated.
 */
#ifndef HOOKS_WHEN_H
#define HOOKS_WHEN_H

#include "postgres.h"

#include "executor/execdesc.h"

extern void hooks_when_prepare(const QueryDesc *query);

#endif							/* HOOKS_WHEN_H */
