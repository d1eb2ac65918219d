/*
 * arguments.h
 *		The arguments of hooks.register(), as they were given.
 */
#ifndef HOOKS_ARGUMENTS_H
#define HOOKS_ARGUMENTS_H

#include "postgres.h"

#include "fmgr.h"

#include "registry/registry.h"

/*
 * The most that is kept of a long text or list, in bytes.  Others read hooks,
 * too: generous for who writes by hand, and nothing that fills their memory.
 */
#define HOOKS_MAX_PACKAGE	255
#define HOOKS_MAX_LONG	(64 * 1024)

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
	const char *activation;
	ArrayType  *payload;		/* of name */
} HookArguments;

extern char *hooks_arguments_name(FunctionCallInfo fcinfo, int arg,
								  const char *what, int limit);
extern void hooks_arguments_check_size(const char *what, size_t size,
									   size_t limit);
extern void hooks_arguments_get(FunctionCallInfo fcinfo, HookArguments *given);

#endif							/* HOOKS_ARGUMENTS_H */
