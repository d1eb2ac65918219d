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

/* How the last attempt has ended, if it could write nothing down */
typedef enum HookDeliveryEnd
{
	HOOK_END_WRITTEN,			/* it could, or the delivery keeps its place */
	HOOK_END_TERMINATED,		/* the worker was terminated */
	HOOK_END_CRASHED			/* the server has crashed */
} HookDeliveryEnd;

/* An event for a hook */
typedef struct HookDelivery
{
	int64		id;
	Jsonb	   *event;
	HookAction	action;			/* as the event has it, and the following */
	const char *relation_name;	/* NULL if it is not known */
	int			generation;		/* 1: the event of no delivery */
	HookDeliveryEnd end;
	int			attempts;		/* that failed before; of a failed statement,
								 * not set */
} HookDelivery;

extern void hooks_deliver_init(void);
extern void hooks_deliver_serve(Oid extension);
extern void hooks_deliver_prepare(HookReceiver *receiver, Hook *hook);
extern void hooks_deliver_remember(HookDelivery *delivery,
								   const Hook *hook, int attempts);
extern void hooks_deliver_describe(HookDelivery *delivery);
extern ErrorData *hooks_deliver(HookReceiver *receiver,
								const HookDelivery *delivery);
extern bool hooks_deliver_failed(int64 delivery_id);
extern void hooks_deliver_committed(void);
extern bool hooks_deliver_is_hopeless(const ErrorData *error);

#endif							/* HOOKS_DELIVER_H */
