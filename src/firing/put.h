/*
 * put.h
 *		Hooks on put: statements that may insert or update.
 */
#ifndef HOOKS_PUT_H
#define HOOKS_PUT_H

#include "postgres.h"

#include "firing/call.h"

/* What the hooks on put of an event have in common */
typedef struct HookPut
{
	bool		of_put;			/* the event is one of a put, */
	bool		fires;			/* and theirs */
	Oid			moved_from;		/* of the row of an event before its
								 * insertion: a partition, or InvalidOid */
	TriggerData *trigdata;		/* what they are called with */
	TriggerData own;			/* that, at level statement in phase after */
	Trigger		trigger;
	Tuplestorestate *none;		/* an old_table without rows, or NULL */
	Tuplestorestate *both;		/* the rows of two events, or NULL */
} HookPut;

extern void hooks_put_mark(const QueryDesc *query);
extern HookPut *hooks_put_begin(HookRun *run, TriggerData *trigdata,
								const HookSurroundings *around);
extern bool hooks_put_has_fired(const HookPut *put, const Hook *hook);
extern void hooks_put_end(HookPut *put);

#endif							/* HOOKS_PUT_H */
