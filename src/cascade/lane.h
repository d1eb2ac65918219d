/*
 * lane.h
 *		A query that runs again in each round, and the rows that are its input.
 */
#ifndef HOOKS_LANE_H
#define HOOKS_LANE_H

#include "postgres.h"

#include "executor/spi.h"
#include "tcop/dest.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

/* Few input rows are in an array, more of them in a tuplestore */
#define HOOK_LANE_FEW 8

/* rows that are fetched at a time */
#define HOOK_LANE_FETCH 100

typedef struct HookLaneRows
{
	int64		n;
	HeapTuple	few[HOOK_LANE_FEW];
	Tuplestorestate *store;		/* NULL: they are in the array, or none */
} HookLaneRows;

/*
 * Input rows wait for the next round.  When it is opened, the query sees them
 * as a table, and the caller reads its result row by row; the first column of
 * each is the number of an event.
 */
typedef struct HookLane
{
	DestReceiver receiver;		/* of what the query finds; must be first */
	MemoryContext context;		/* of the lane; NULL: it is not made yet */
	MemoryContext memory;		/* of the walk; NULL: it is not in use */
	Oid			relid;			/* the table that the query reads, as its
								 * owner; InvalidOid: as the current user */
	char	   *sql;
	bool		unique;			/* hardly any value comes twice in a round */
	bool		lasts;			/* it may be used again, by another walk */
	bool		told;			/* SQL of the user's is in it: hooks are told
								 * of what it reads */
	SPIPlanPtr	few;			/* lasts, for rounds of few rows; NULL: to be
								 * made */
	SPIPlanPtr	many;			/* for other rounds, or if no plan lasts */
	double		planned;		/* for so many rows; many */
	bool		is_few;			/* which of them is for this round */
	TupleDesc	desc;			/* of the input */
	EphemeralNamedRelationData enr;
	struct HookProbe *probe;	/* NULL: all rounds need the query */
	HookLaneRows current;		/* of this round */
	HookLaneRows next;			/* of the next round */
	QueryDesc  *running;		/* NULL: its query has ended */
	struct HookProbeScan *scan; /* in its place; NULL: none, or it has ended */
	TupleTableSlot *input;		/* of the scan, from a tuplestore */
	int64		ninputs;		/* that the scan has taken */
	bool		has_row;		/* there is a current row */
	CachedPlan *cached;			/* of what is running */
	ResourceOwner owner;		/* of that; NULL: none */
	TupleDesc	found;			/* of what the query finds; NULL: not known
								 * yet */
	MemoryContext batch;		/* of the fetched rows; NULL: it is closed */
	int			nbatch;
	bool		complete;		/* they are the last ones of this round */
	int			at;				/* the current row */
	Datum	   *all_values;		/* of the fetched rows, row by row */
	bool	   *all_nulls;
	Datum	   *values;			/* of the current row, until the next one */
	bool	   *nulls;
	int64		event;			/* its event */
} HookLane;

extern void hooks_lane_prepare(HookLane *lane, const char *name,
							   TupleDesc desc, Oid relid, char *sql,
							   bool unique, bool lasts);
extern void hooks_lane_begin(HookLane *lane, MemoryContext memory);
extern void hooks_lane_put(HookLane *lane, Datum *values, bool *nulls);
extern bool hooks_lane_waits(const HookLane *lane);
extern bool hooks_lane_next_round(HookLane *lane);
extern void hooks_lane_prepare_rows(HookLane *lane, TupleDesc desc);
extern void hooks_lane_take_row(HookLane *lane, const Datum *found,
								const bool *isnull);
extern void hooks_lane_open(HookLane *lane);
extern bool hooks_lane_advance(HookLane *lane);
extern void hooks_lane_close(HookLane *lane);
extern void hooks_lane_end(HookLane *lane);

#endif							/* HOOKS_LANE_H */
