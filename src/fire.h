/*
 * fire.h
 *		Run a chain.
 */
#ifndef HOOKS_FIRE_H
#define HOOKS_FIRE_H

#include "postgres.h"

#include "commands/trigger.h"
#include "executor/executor.h"
#include "utils/jsonb.h"

#include "chain.h"
#include "context.h"
#include "settings.h"

/* A hook in a run */
typedef struct HookCall
{
	HookMember *member;
	bool		simple;			/* nothing to test and nothing to guard: call */
	bool		out;			/* not for this replication role, or in
								 * quarantine since the statement began */
	FmgrInfo	function;		/* fn_oid is InvalidOid until first called */
	FunctionCallInfo fcinfo;	/* made with it */
	Oid			allowed;		/* role whose EXECUTE was checked */
	Trigger		trigger;		/* what the callback sees as its trigger */
	HookSubject subject;		/* what hooks.context() tells */
	ExprState  *condition;		/* NULL until first evaluated */
} HookCall;

struct HookRun;

/*
 * Gives a hook's callback the rows that its condition selects, through the
 * trigger data; false if there are none.  Called inside the firing.
 */
typedef bool (*HookRowSource) (struct HookRun *run, HookCall *call,
							   TriggerData *trigdata, void *arg);

/*
 * Makes the event that a callback takes, if it takes jsonb.
 */
typedef Jsonb *(*HookEventMaker) (HookFiring *firing, void *arg);

/*
 * One statement's use of a chain: what firing its hooks again and again needs,
 * made once.  Lives in, and goes with, the memory context it was made in.
 */
typedef struct HookRun
{
	const HookEvent *event;
	int			length;
	HookCall   *calls;			/* in firing order */
	ExprContext *econtext;		/* for conditions, NULL until needed */
	HookRowSource row_source;	/* of a batch; NULL otherwise */
	void	   *row_source_arg;
	bool		referential;	/* a batch of rows that a cascade removes */
	const struct HookBatch *batch;	/* NULL if not of one */
	bool		asks;			/* for the origin, whenever it fires */
	const HookOrigin *origin;	/* of a batch; NULL otherwise */
	MemoryContext query;		/* the executor's memory of the query */
	MemoryContext context;
	List	   *pinned;			/* of HookRelation */
	MemoryContextCallback unpin;
} HookRun;

extern HookRun *hooks_fire_prepare(const HookEvent *event, List *relids,
								   MemoryContext context);
extern bool hooks_fire_condition(HookRun *run, HookCall *call,
								 TupleTableSlot *old, TupleTableSlot *new);
extern void hooks_fire_call(HookRun *run, HookCall *call,
							TriggerData *trigdata);
extern HeapTuple hooks_fire_chain(HookRun *run, TriggerData *trigdata);
extern void hooks_fire_event(HookRun *run, Relation rel, bool direct,
							 HookEventMaker make, void *arg);

/*
 * Does a hook fire now, as far as that does not depend on the rows?  The
 * assigned columns count for updates only; NULL means not an update.
 */
static inline bool
hooks_fire_is_due(const HookCall *call, const Bitmapset *assigned)
{
	const HookMember *member = call->member;

	return !call->out && !hooks_settings_is_paused(member->hook->hook_id) &&
		(assigned == NULL || member->columns == NULL ||
		 bms_overlap(assigned, member->columns));
}

#endif							/* HOOKS_FIRE_H */
