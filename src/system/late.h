/*
 * late.h
 *		What hooks.check() finds of deliveries.
 */
#ifndef HOOKS_LATE_H
#define HOOKS_LATE_H

#include "postgres.h"

#include "system/findings.h"

extern void hooks_late_find(HookCheckSearch *search);

#endif							/* HOOKS_LATE_H */
