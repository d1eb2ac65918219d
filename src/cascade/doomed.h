/*
 * doomed.h
 *		The rows of a table that the current delete removes.
 */
#ifndef HOOKS_DOOMED_H
#define HOOKS_DOOMED_H

#include "postgres.h"

#include "cascade/cascade.h"
#include "firing/batch.h"
#include "firing/context.h"

extern List *hooks_doomed_rows(const HookFiring *firing, Oid target);
extern void hooks_doomed_walk(const HookFiring *firing,
							  HookCascadeVisitor visitor, void *arg);
extern void hooks_doomed_walk_closure(const HookBatch *batch,
									  bool (*wanted) (List *roots, void *arg),
									  HookCascadeVisitor visitor, void *arg);
extern bool hooks_doomed_knows(const HookFiring *firing);
extern Oid	hooks_doomed_target(const HookFiring *firing);
extern bool hooks_doomed_is_partial(const HookFiring *firing);
extern int64 hooks_doomed_kept(const HookFiring *firing);
extern void hooks_doomed_set_kept(const HookFiring *firing, int64 kept_id);

#endif							/* HOOKS_DOOMED_H */
