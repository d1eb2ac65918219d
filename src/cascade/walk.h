/*
 * walk.h
 *		The state of a walk along a cascade, and what happens to single rows.
 */
#ifndef HOOKS_WALK_H
#define HOOKS_WALK_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "storage/itemptr.h"
#include "utils/hsearch.h"
#include "utils/tuplestore.h"

#include "base/tidset.h"
#include "base/graph.h"
#include "cascade/lane.h"
#include "cascade/moved.h"
#include "cascade/route.h"

/* A row that the walk has found: deleted, or changed and not deleted later */
typedef struct HookCascadeRow
{
	Oid			relid;			/* the table, or partition, that holds it */
	ItemPointerData tid;
	int			depth;			/* 0 for the statement's own */
	const HookStep *step;		/* that found it; NULL at depth 0 */
	HookEffect	effect;
} HookCascadeRow;

/*
 * Called once for each row: first for deletes in order, then for changes.
 * Called with NULL when the walk begins anew: forget all rows so far.
 */
typedef void (*HookCascadeVisitor) (const HookCascadeRow *row, void *arg);

/* The number of rows that a step finds at one depth */
typedef struct HookCascadeCount
{
	int			number;			/* of all */
	int			depth;
	const HookStep *step;		/* NULL at depth 0 */
	const HookForeignKey *key;	/* the step's */
	Oid			relation;		/* as the statement or foreign key names it */
	HookEffect	effect;
	const Bitmapset *columns;	/* that change, by the relation's numbers */
	bool		late;			/* blocked, but not before COMMIT */
	int64		rows;
	bool		capped;			/* there may be more */
	List	   *relids;			/* the tables that hold them */
} HookCascadeCount;

/* The walk's side of a step */
typedef struct HookStepState
{
	HookLane	rows;			/* those that refer to a row */
	HookLane	checks;			/* what changed rows refer to now */
	List	   *late;			/* rows of an event that wait for the others */
	bool		unknown;		/* the values that it sets cannot be known */
	Datum	   *defaults;		/* what it sets, by column of the key */
	bool	   *default_nulls;
	HookCascadeCount *count;	/* of this round, or an earlier one */
	HookCascadeCount *blocked;
	HookTidSet *blocks;			/* rows that block */
} HookStepState;

typedef struct HookWalk
{
	MemoryContext context;
	HookRoute  *route;
	HookCascadeVisitor visitor; /* NULL: none */
	void	   *arg;
	bool		locks;			/* it locks the rows that it finds */
	CommandId	command;		/* that the active snapshot is for */
	int64		max_rows;		/* 0: all */
	bool		cut;			/* max_rows has left rows out */
	int			depth;
	int64		event;			/* the last event's number */
	int64	   *last_events;	/* by depth, of those that are over */
	HookTidSet *doomed;
	List	   *counts;			/* of HookCascadeCount */
	HookCascadeCount *root;
	TupleDesc	change_desc;
	Tuplestorestate *changes;	/* NULL: none.  Number in counts, table, TID */
	HTAB	   *versions;		/* NULL: none.  Of HookVersion: rows that were
								 * changed, in a tree that moves or more than
								 * once */
	List	   *taken;			/* of HookStep: those that were taken, in the
								 * order of the route */
	bool		outdated;		/* a table of its route has changed */
	bool		overtaken;		/* a row that it has found has */
} HookWalk;

extern void hooks_walk_prepare(HookWalk *walk, HookStep *step);
extern void hooks_walk_leave(HookStep *step);
extern void hooks_walk_renew_sql(HookWalk *walk, const HookStep *step,
								 HookLane *lane);
extern void hooks_walk_descend(HookWalk *walk);
extern int	hooks_walk_depth_after(const HookWalk *walk, int64 event);
extern HookCascadeCount *hooks_walk_count(HookWalk *walk,
										  HookCascadeCount **last,
										  HookStep *step, HookEffect effect);
extern bool hooks_walk_count_row(HookWalk *walk, HookCascadeCount *count,
								 Oid relid);
extern void hooks_walk_visit(HookWalk *walk,
							 const HookCascadeCount *count, Oid relid,
							 const ItemPointerData *tid);
extern bool hooks_walk_is_changed(List *steps, const HookStep *other,
								  Oid relid,
								  const ItemPointerData *tid);
extern void hooks_walk_present(HookWalk *walk, const HookTree *tree,
							   Oid relid, const ItemPointerData *tid,
							   Datum *values, bool *nulls);
extern void hooks_walk_queue(HookWalk *walk, const HookWay *way,
							 HookStep *step,
							 const Datum *values, const bool *nulls,
							 const Datum *new_values, const bool *new_nulls);
extern bool hooks_walk_doom(HookWalk *walk, HookCascadeCount *count,
							HookTable *table, Oid relid,
							const ItemPointerData *tid,
							Datum *values, bool *nulls);
extern void hooks_walk_block(HookWalk *walk, HookStep *step, Oid relid,
							 const ItemPointerData *tid);

#endif							/* HOOKS_WALK_H */
