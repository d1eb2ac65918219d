/*
 * weak_keys.h
 *		What hooks.check() finds of foreign keys.
 */
#ifndef HOOKS_WEAK_KEYS_H
#define HOOKS_WEAK_KEYS_H

#include "postgres.h"

#include "system/findings.h"

extern void hooks_weak_keys_find_off(HookCheckSearch *search);
extern void hooks_weak_keys_find_slow(HookCheckSearch *search);

#endif							/* HOOKS_WEAK_KEYS_H */
