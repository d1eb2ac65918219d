/*
 * failure.h
 *		hooks.failure: the rows that tell of isolated failures.
 */
#ifndef HOOKS_FAILURE_H
#define HOOKS_FAILURE_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "firing/context.h"
#include "registry/hook.h"

/* what hooks_failure_before_commit() has to do, NIL mostly */
extern List *hooks_failures_to_prune;

extern void hooks_failure_record(const Hook *hook, const HookFiring *firing,
								 const ErrorData *error);
extern int	hooks_failure_count(const char *hook, TimestampTz since,
								int enough);
extern void hooks_failure_before_commit(void);

#endif							/* HOOKS_FAILURE_H */
