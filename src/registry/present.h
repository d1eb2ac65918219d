/*
 * present.h
 *		What hooks there are: cached, so that most commands need not read the
 *		registry.
 */
#ifndef HOOKS_PRESENT_H
#define HOOKS_PRESENT_H

#include "postgres.h"

#include "nodes/pg_list.h"

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

/*
 * Which of HOOKS_WATCHED there are, as bits; -1 if that has to be looked up.
 */
extern int	hooks_present_watched;

extern void hooks_present_init(void);
extern int	hooks_present_kinds(void);
extern bool hooks_present_on(Oid relid);
extern bool hooks_present_registry(void);
extern bool hooks_present_concerns(Oid relid);
extern bool hooks_present_on_rows(Oid relid, const List *ancestors);
extern bool hooks_present_watches(int kind);

#endif							/* HOOKS_PRESENT_H */
