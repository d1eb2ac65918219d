/*
 * register.h
 *		The SQL API that changes the registry.
 */
#ifndef HOOKS_REGISTER_H
#define HOOKS_REGISTER_H

#include "postgres.h"

#include "registry/hook.h"

extern void hooks_register_check_owner(const Hook *hook);

#endif							/* HOOKS_REGISTER_H */
