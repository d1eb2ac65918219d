/*
 * deliver.h
 *		One delivery: a hook's callback is called with an event.
 */
#ifndef HOOKS_DELIVER_H
#define HOOKS_DELIVER_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "firing/chain.h"

/* A hook that a worker serves, with what its deliveries have in common */
typedef struct HookReceiver
{
	HookMember	member;
	FmgrInfo	function;		/* fn_oid is InvalidOid until first called */
} HookReceiver;

extern void hooks_deliver_prepare(HookReceiver *receiver, Hook *hook);
extern ErrorData *hooks_deliver(HookReceiver *receiver, int64 delivery_id,
								Jsonb *event);
extern bool hooks_deliver_failed(int64 delivery_id);
extern void hooks_deliver_committed(void);
extern bool hooks_deliver_is_hopeless(const ErrorData *error);

#endif							/* HOOKS_DELIVER_H */
