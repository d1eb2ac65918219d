/*
 * present.h
 *		What hooks there are: cached, so that most commands need not read the
 *		registry.
 */
#ifndef HOOKS_PRESENT_H
#define HOOKS_PRESENT_H

#include "postgres.h"

/* As bits */
#define HOOKS_ANY		(1 << 0)
#define HOOKS_WIDE		(1 << 1)	/* on all tables of a schema, or all */
#define HOOKS_ON_DROP	(1 << 2)

extern void hooks_present_init(void);
extern int	hooks_present_kinds(void);
extern bool hooks_present_on(Oid relid);
extern bool hooks_present_registry(void);

#endif							/* HOOKS_PRESENT_H */
