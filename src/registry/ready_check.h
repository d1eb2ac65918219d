/*
 * ready_check.h
 *		What the ready callbacks can be registered for.
 */
#ifndef HOOKS_READY_CHECK_H
#define HOOKS_READY_CHECK_H

#include "postgres.h"

#include "utils/rel.h"

#include "registry/hook.h"

extern void hooks_ready_check(const Hook *hook, Relation rel);

#endif							/* HOOKS_READY_CHECK_H */
