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

/* An event for a hook */
typedef struct HookDelivery
{
	int64		id;
	Jsonb	   *event;
	HookAction	action;			/* as the event has it, and the following */
	const char *relation_name;	/* NULL if it is not known */
	int			generation;		/* 1: the event of no delivery */
}			HookDelivery;

extern void hooks_deliver_prepare(HookReceiver *receiver, Hook *hook);
extern void hooks_deliver_describe(HookDelivery * delivery);
extern ErrorData *hooks_deliver(HookReceiver *receiver,
								const HookDelivery * delivery);
extern bool hooks_deliver_failed(int64 delivery_id);
extern void hooks_deliver_committed(void);
extern bool hooks_deliver_is_hopeless(const ErrorData *error);

#endif							/* HOOKS_DELIVER_H */
