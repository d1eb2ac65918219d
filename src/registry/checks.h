/*
 * checks.h
 *		Checks that somebody has registered, for hooks.check().
 */
#ifndef HOOKS_CHECKS_H
#define HOOKS_CHECKS_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* the schema of their functions */
#define HOOKS_CHECKS "hooks_check"

typedef struct HookCheck
{
	char	   *name;
	Oid			function;
	Oid			owner;
	Oid			callback;
	char	   *package;		/* NULL for none */
	char	   *search_path;	/* that the callback runs under */
} HookCheck;

extern bool hooks_checks_is_one(Oid function);
extern List *hooks_checks_all(const char *package);
extern HookCheck *hooks_checks_find(const char *name);
extern void hooks_checks_refuse_name(const char *name);
extern void hooks_checks_create(HookCheck *check);
extern bool hooks_checks_may_change(const HookCheck *check);
extern bool hooks_checks_remove(const char *name);

#endif							/* HOOKS_CHECKS_H */
