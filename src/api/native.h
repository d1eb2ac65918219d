/*
 * native.h
 *		Callbacks in C that other extensions have.
 */
#ifndef HOOKS_NATIVE_H
#define HOOKS_NATIVE_H

#include "postgres.h"

extern void hooks_native_init(void);

#endif							/* HOOKS_NATIVE_H */
