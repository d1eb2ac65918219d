/*
 * wake.h
 *		What the end of a transaction wakes.
 */
#ifndef HOOKS_WAKE_H
#define HOOKS_WAKE_H

#include "postgres.h"

#include "access/xact.h"
#include "nodes/pg_list.h"

/* owners, as OIDs; NIL mostly */
extern List *hooks_wake_owners;

extern void hooks_worker_wanted(Oid owner);
extern void hooks_worker_retries(Oid owner);

/* what was noted until some moment */
typedef struct HookWakeMark
{
	int			owners;
	int			retries;
	int			stand_ins;
} HookWakeMark;

extern HookWakeMark hooks_wake_mark(void);
extern void hooks_wake_go_back(HookWakeMark mark);
extern void hooks_wake_end_transaction(XactEvent event);

#endif							/* HOOKS_WAKE_H */
