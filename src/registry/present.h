/*
 * present.h
 *		What hooks there are: cached, so that most commands need not read the
 *		registry.
 */
#ifndef HOOKS_PRESENT_H
#define HOOKS_PRESENT_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "registry/kinds.h"

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
