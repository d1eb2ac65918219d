/*
 * kinds.h
 *		What kinds of hooks there are.
 */
#ifndef HOOKS_KINDS_H
#define HOOKS_KINDS_H

#include "postgres.h"

/* As bits */
#define HOOKS_ANY		(1 << 0)
#define HOOKS_WIDE		(1 << 1)	/* on all tables of a schema, or all */
#define HOOKS_ON_DROP	(1 << 2)
#define HOOKS_ON_FAILURE	(1 << 3)
#define HOOKS_ON_SELECT	(1 << 4)
#define HOOKS_ON_COPY	(1 << 5)	/* on what COPY does */
#define HOOKS_BEFORE_CLOSURE	(1 << 6)
#define HOOKS_ON_STARTUP	(1 << 7)

/* those that only whoever watches all statements has to know */
#define HOOKS_WATCHED	(HOOKS_ON_FAILURE | HOOKS_ON_SELECT | HOOKS_ON_COPY)

extern int	hooks_kinds_read(Oid relid, bool *other_version);

#endif							/* HOOKS_KINDS_H */
