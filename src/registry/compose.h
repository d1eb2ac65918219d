/*
 * compose.h
 *		From the arguments of hooks.register() to a hook, or an error.
 */
#ifndef HOOKS_COMPOSE_H
#define HOOKS_COMPOSE_H

#include "postgres.h"

#include "registry/arguments.h"
#include "registry/hook.h"

extern Hook *hooks_compose(const HookArguments *given);

#endif							/* HOOKS_COMPOSE_H */
