/*
 * served.h
 *		The hooks that a worker serves, and what waits for each.
 */
#ifndef HOOKS_SERVED_H
#define HOOKS_SERVED_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "outbox/deliver.h"
#include "outbox/position.h"
#include "outbox/scan.h"

/* A hook of the owner */
typedef struct HookServed
{
	HookReceiver receiver;
	Hook	   *hook;
	HookPosition position;		/* in the context below */
	uint64		moves;			/* of the position, when it was read or
								 * written; 0: it is not known */
	HookSnapshot *target;		/* of the places */
	HookLogPlaces places;		/* those from "next" on are not done yet */
	int			next;
	MemoryContext context;
	TimestampTz due;			/* when to look at hooks.delivery again */
	int			alone;			/* so many are delivered one by one */
	uint32		callback_hash;	/* of the callback, in the syscache */
	uint32		definition_hash;	/* the same of the definition */
	char		action_word[NAMEDATALEN];	/* of the last event */
	HookAction	action;			/* the same */
} HookServed;

extern List *hooks_served_list;
extern bool hooks_served_stale;

extern void hooks_served_init(void);
extern void hooks_served_find(void);
extern void hooks_served_refresh(HookServed *served);
extern bool hooks_served_look(HookServed *served);
extern void hooks_served_pass(HookServed *served);
extern void hooks_served_forget(HookServed *served);

#endif							/* HOOKS_SERVED_H */
