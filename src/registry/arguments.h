/*
 * arguments.h
 *		From the arguments of hooks.register() to a hook, or an error.
 */
#ifndef HOOKS_ARGUMENTS_H
#define HOOKS_ARGUMENTS_H

#include "postgres.h"

#include "fmgr.h"

#include "registry/registry.h"

/* The arguments of hooks.register(); NULL or 0 where they are NULL */
typedef struct HookArguments
{
	char	   *name;
	char	   *phase;
	char	   *action;
	Oid			relation;
	bool		wide;			/* relation is NULL */
	char	   *callback;
	char	   *level;
	char	   *condition;
	ArrayType  *columns;		/* of name */
	ArrayType  *arguments;		/* of text */
	char	   *on_error;
	Interval   *timeout;
	int			max_attempts;
	int			priority;
	ArrayType  *run_after;		/* of text */
	char	   *run_as;
	char	   *fire;
	char	   *schema;
	char	   *package;
	char	   *description;
	bool		replace;
} HookArguments;

extern void hooks_arguments_get(FunctionCallInfo fcinfo, HookArguments *given);
extern Hook *hooks_arguments_make(const HookArguments *given);
extern char *hooks_arguments_search_path(void);
extern void hooks_arguments_tell_of_schemas(const Hook *hook);
extern void hooks_arguments_check_run_after(const Hook *hook);

#endif							/* HOOKS_ARGUMENTS_H */
