/*
 * waiting.h
 *		Deliveries that failed, in hooks.delivery.
 */
#ifndef HOOKS_WAITING_H
#define HOOKS_WAITING_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "outbox/deliver.h"
#include "outbox/log_reader.h"
#include "registry/hook.h"

/* A delivery that is tried again */
typedef struct HookRetry
{
	int64		delivery_id;
	Jsonb	   *event;			/* with the number of the attempt */
	int			attempts;		/* that failed */
} HookRetry;

extern void hooks_waiting_run(const char *sql, int nargs, Oid *types,
							  Datum *values, const char *nulls);
extern void hooks_waiting_add(const Hook *hook, const HookLogRow *row,
							  const HookDelivery *delivery,
							  const ErrorData *error);
extern bool hooks_waiting_next(const Hook *hook, HookRetry *retry);
extern void hooks_waiting_succeeded(const HookRetry *retry);
extern void hooks_waiting_failed(const Hook *hook,
								 const HookDelivery *delivery,
								 const ErrorData *error);
extern int	hooks_waiting_max_attempts(const Hook *hook);
extern bool hooks_waiting_any(void);
extern TimestampTz hooks_waiting_when(const Hook *hook);
extern void hooks_waiting_settle(const Hook *hook);
extern void hooks_waiting_lock(const Hook *hook);
extern void hooks_waiting_forget(const Hook *hook);

#endif							/* HOOKS_WAITING_H */
