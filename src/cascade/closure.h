/*
 * closure.h
 *		What a delete removes from tables with before_closure hooks.
 */
#ifndef HOOKS_CLOSURE_H
#define HOOKS_CLOSURE_H

#include "postgres.h"

extern void hooks_closure_init(void);

#endif							/* HOOKS_CLOSURE_H */
