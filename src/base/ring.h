/*
 * ring.h
 *		Failed statements in shared memory, until a worker tells hooks of them.
 */
#ifndef HOOKS_RING_H
#define HOOKS_RING_H

#include "postgres.h"

#include "datatype/timestamp.h"

/* bytes of the texts, with the last one, 0; what is longer is cut off */
#define RING_MESSAGE	1024
#define RING_TEXT		512
#define RING_STATEMENT	2048

/* the same of metadata, of which a part would be no JSON: none, if longer */
#define RING_METADATA	1024

/* One failed statement, for one hook */
typedef struct HookFailed
{
	uint64		number;			/* of the entry, set by the ring */
	Oid			database;
	Oid			owner;			/* of the hook */
	Oid			definition;		/* of the hook */
	Oid			relation;
	int			action;			/* a HookAction */
	int			sqlerrcode;
	bool		caught;			/* the error did not reach the client */
	Oid			caller;
	Oid			session_user;
	uint64		transaction;	/* 0 if it had no number */
	TimestampTz failed_at;
	bool		has_detail;
	bool		has_hint;
	char		message[RING_MESSAGE];
	char		detail[RING_TEXT];
	char		hint[RING_TEXT];
	char		statement[RING_STATEMENT];
	char		metadata[RING_METADATA];
} HookFailed;

extern void hooks_ring_init(void);
extern bool hooks_ring_exists(void);
extern bool hooks_ring_put(const HookFailed *failed);
extern bool hooks_ring_take_loss(Oid *definition, int64 *entries);
extern int64 hooks_ring_other_losses(void);
extern bool hooks_ring_take(Oid owner, HookFailed *failed);

#endif							/* HOOKS_RING_H */
