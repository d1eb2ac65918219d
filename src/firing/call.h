/*
 * call.h
 *		Call one hook's callback.
 */
#ifndef HOOKS_CALL_H
#define HOOKS_CALL_H

#include "postgres.h"

#include "commands/trigger.h"
#include "executor/executor.h"
#include "utils/jsonb.h"

#include "firing/chain.h"
#include "firing/context.h"

struct HookRun;

/* A hook in a run */
typedef struct HookCall
{
	HookMember *member;
	/* nothing to test and nothing to guard: call */
	bool		simple;
	HookAction	action;			/* that it is told of */
	bool		measured;		/* how long it takes is counted */
	bool		observed;		/* see trace.h */
	bool		out;			/* not for this replication role, or in
								 * quarantine since the statement began */
	bool		left_out;		/* by the replication role alone */
	HookMiss	why_out;
	int			told;			/* bits of HookMiss: those that were told of
								 * once for the statement */
	struct HookRun *run;		/* that it is in */
	FmgrInfo	function;		/* fn_oid is InvalidOid until first called */
	FunctionCallInfo fcinfo;	/* made with it */
	Oid			allowed;		/* role whose EXECUTE was checked */
	Trigger		trigger;		/* what the callback sees as its trigger */
	Oid			prepared_for;	/* the real one, which that was made from */
	HookSubject subject;		/* what hooks.context() tells */
	ExprState  *condition;		/* NULL until first evaluated */
} HookCall;

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
	int			puts;			/* see hooks_root_puts(); -1: not known yet */
	const HookOrigin *origin;	/* of a batch; NULL otherwise */
	MemoryContext query_cxt;	/* the executor's memory of the query */
	MemoryContext context;
	List	   *pinned;			/* of HookRelation */
	MemoryContextCallback unpin;
} HookRun;

/*
 * What the firings of hooks whose callbacks take jsonb have in common: the
 * relation that they are about, by its name, who brought it about, and what
 * makes the event.
 */
typedef struct HookOccasion
{
	Oid			relid;
	const char *relation_name;
	int			actions;		/* of phase before_commit: all that were done;
								 * else 0, as the run's event tells */
	Oid			caller;			/* InvalidOid if not known */
	const HookOrigin *origin;
	const HookOccurrence *occurrence;	/* NULL: ask the statement */
	int64		rows;			/* that it is about, for hooks.stats */
	HookEventMaker make;
	void	   *arg;
} HookOccasion;

/* What the firings of all hooks for one row have in common */
typedef struct HookSurroundings
{
	Oid			caller;			/* InvalidOid if not known */
	Oid			at_home;		/* see hooks_sandbox_is_needless() */
	int			nest_level;
	bool		referential;
	const HookOrigin *origin;	/* NULL if it can wait until somebody asks */
	HookOrigin	found;
} HookSurroundings;

extern void hooks_call_prepare_subject(HookRun *run, HookCall *call,
									   Oid relid, const char *name);
extern HeapTuple hooks_call_trigger(HookRun *run, HookCall *call,
									TriggerData *trigdata,
									const HookSurroundings *around);
extern bool hooks_call_test(HookRun *run, HookCall *call,
							const HookOccasion *occasion,
							TupleTableSlot *old, TupleTableSlot *new);
extern void hooks_call_event(HookRun *run, HookCall *call,
							 const HookOccasion *occasion);

#endif							/* HOOKS_CALL_H */
