/*
 * compiled.h
 *		By which number languages know a hook's compiled callback.
 */
#ifndef HOOKS_COMPILED_H
#define HOOKS_COMPILED_H

#include "postgres.h"

#include "registry/hook.h"

extern Oid	hooks_compiled_number(const Hook *hook, Oid trigger);

#endif							/* HOOKS_COMPILED_H */
