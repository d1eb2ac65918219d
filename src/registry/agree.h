/*
 * agree.h
 *		Which words of a registration go together, and what they leave.
 */
#ifndef HOOKS_AGREE_H
#define HOOKS_AGREE_H

#include "postgres.h"

#include "registry/arguments.h"
#include "registry/hook.h"

/*
 * 42P17: a combination of arguments that makes no sense.
 */
#define hooks_refuse(...) \
	ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION), __VA_ARGS__))

extern void hooks_agree_event(Hook *hook, const HookArguments *given,
							  int named);
extern void hooks_agree_policy(Hook *hook);

#endif							/* HOOKS_AGREE_H */
