/*
 * described.h
 *		The objects of a drop, as hooks are told of them.
 */
#ifndef HOOKS_DESCRIBED_H
#define HOOKS_DESCRIBED_H

#include "postgres.h"

#include "catalog/objectaddress.h"
#include "base/compat.h"

extern void hooks_described_add(JsonbInState *state,
								const ObjectAddress *address,
								bool is_original);

#endif							/* HOOKS_DESCRIBED_H */
