/*
 * power.h
 *		What hooks.check() finds of hooks that may do too much.
 */
#ifndef HOOKS_POWER_H
#define HOOKS_POWER_H

#include "postgres.h"

#include "system/findings.h"

extern void hooks_power_find_callbacks(HookCheckSearch *search);
extern void hooks_power_find_wide(HookCheckSearch *search);

#endif							/* HOOKS_POWER_H */
