/*
 * route.h
 *		The ways that a cascade can take from a table.
 */
#ifndef HOOKS_ROUTE_H
#define HOOKS_ROUTE_H

#include "postgres.h"

#include "nodes/bitmapset.h"
#include "nodes/lockoptions.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "base/tidset.h"
#include "base/graph.h"
#include "cascade/partition.h"

/* What happens to a referenced row */
typedef enum HookCause
{
	HOOK_CAUSE_DELETED,
	HOOK_CAUSE_NULLED,			/* some of its columns become NULL */
	HOOK_CAUSE_DEFAULTED		/* ... or their defaults */
} HookCause;

#define HOOK_CAUSES 3

/* What that does to a referencing row */
typedef enum HookEffect
{
	HOOK_EFFECT_DELETE,
	HOOK_EFFECT_SET_NULL,
	HOOK_EFFECT_SET_DEFAULT,
	HOOK_EFFECT_BLOCKED
} HookEffect;

/*
 * A step of a cascade: a foreign key, and what happens to the row that it
 * refers to.
 *
 * Its fields are set in this order, and each only by the file named: the route
 * is made, then conflict.c completes it, then a walk uses it.
 */
typedef struct HookStep
{
	int			number;			/* of all steps, in the order of the route */

	/* by route.c, when the step is made; for a recheck by conflict.c */
	const HookForeignKey *key;
	HookCause	cause;
	HookEffect	effect;
	bool		wanted;			/* the walk must find its rows; else they are
								 * only locked on the way */
	bool		deferred;		/* blocks at COMMIT, if at all */
	bool		copies;			/* ON UPDATE CASCADE: the new values are the
								 * referenced row's */
	bool		no_action;		/* checks, then or as its action, whether rows
								 * still refer to a key that is gone */
	bool		recheck;		/* not an action: the key of a changed row is
								 * looked up */
	bool		moves;			/* a row that it changes may get another key,
								 * referencing or referenced */
	bool		computes;		/* generated columns change with its own */
	struct HookTable *table;	/* the referencing table */
	Bitmapset  *set;			/* columns of it that change, by its own
								 * numbers */
	Bitmapset  *touched;		/* the same, and what is computed from them,
								 * by the tree's */
	AttrNumber *keys;			/* of the key, by the tree's */

	/* by conflict.c, when all steps are known */
	bool		alone;			/* no other step touches its rows, and none
								 * follows */
	bool		meets;			/* rows that were moved may meet its events */
	struct HookTable *left;		/* the partition that its key is on, which
								 * rows may have left by then; else NULL */
	List	   *spoilers;		/* of HookStep: after these, a row refers no
								 * more by this key */
	List	   *takers;			/* of HookStep: these take the key away from
								 * the row that it refers to */
	int		   *positions;		/* of the key among HookTree.columns, or -1 */
	struct HookMoved *moved;	/* moved.h; NULL if not needed */

	/* by routes.c, when the route is made */
	struct HookStepState *state;	/* walk.h */

	/* by walk.c, when the walk first comes here */
	bool		taken;			/* it has */
	bool		counts;			/* the step is alone, so its rows are only
								 * counted */

	/* by change.c, as rows are changed */
	HookTidSet *changed;		/* rows that it has changed; NULL: none yet */
} HookStep;

/*
 * A tree of partitions, or a table that is in none.  Its columns have the
 * numbers of its topmost table, which has them all.
 */
typedef struct HookTree
{
	Oid			root;
	List	   *columns;		/* numbers of those that the walk needs */
	List	   *changes;		/* of HookStep: these change its rows */
	List	   *rechecks;		/* of HookStep */
	bool		moves;			/* one of the changes does */
	List	   *referencing;	/* of HookMoved: keys of its rows */
	List	   *referenced;		/* of HookMoved: keys that refer to its rows */
	int16	   *lengths;		/* of the columns' types */
	bool	   *byvals;
} HookTree;

/*
 * A way on from the rows of one table: one of its triggers that carry out
 * referential actions.
 */
typedef struct HookWay
{
	const HookForeignKey *key;
	const HookTree *tree;		/* of the rows */
	Bitmapset  *columns;		/* referenced ones, by the tree's numbers */
	AttrNumber *keys;			/* the same, one for each column of the key */
	int		   *positions;		/* of these among HookTree.columns */
	HookStep   *steps[HOOK_CAUSES]; /* NULL: no step */
} HookWay;

/* A table that holds rows: a partition, or the table itself */
typedef struct HookLeaf
{
	Oid			relid;			/* hash key, must be first */
	struct HookTable *table;
	List	   *deletes;		/* of HookWay, in the order of the triggers */
	List	   *updates;
	List	   *checks;			/* of HookForeignKey: its rows' own */
	HookPartition *partition;	/* NULL: rows do not leave it */
	AttrNumber *partition_columns;	/* by the tree's numbers */
	int		   *partition_positions;	/* of these among HookTree.columns */
	List	   *computed;		/* generated columns that are in keys */

	/* by computed.c, when the first row of it is changed */
	struct HookComputing *computing;	/* NULL: not yet */

	/* by lock.c, when rows of it are first locked */
	Relation	locking;		/* NULL: not yet */
	struct TupleTableSlot *slot;
	const struct HookStep *locked_by;	/* the last step that locked rows */
	LockTupleMode lock_mode;	/* in which it did */
} HookLeaf;

/* A table as a statement or a foreign key names it */
typedef struct HookTable
{
	Oid			relid;
	HookTree   *tree;
	AttrNumber *numbers;		/* of the tree's columns, its own */
	bool		partitioned;
	bool		doomable;		/* its rows can be deleted */
	bool		open;			/* it and what is above and below it are */
	List	   *relids;			/* these */
	List	   *leaves;			/* of HookLeaf */
	struct HTAB *leaf_by_relid;
	HookLeaf   *last_leaf;		/* that was asked for; NULL: none */
} HookTable;

/* All that can be reached */
typedef struct HookRoute
{
	MemoryContext context;
	const HookGraph *graph;
	List	   *wanted;			/* HookWanted, trees on the way to the target;
								 * NIL: all */
	bool		running;		/* of a running delete: rows that block are
								 * only locked */
	List	   *tables;			/* of HookTable */
	List	   *trees;			/* of HookTree */
	List	   *steps;			/* of HookStep */
	List	   *off;			/* of HookSwitchedOff: keys to the tables that
								 * are switched off, so nothing follows them */
	List	   *open;			/* of Relation: nobody changes these as long */
	int			nlanes;			/* made so far */
	bool		outdated;		/* a foreign key was met that is newer */
	bool		may_read;		/* the user was found to */
	struct KeptRoute *kept;		/* routes.c; NULL: it goes with the walk */
	/* what happens depends on the order of events */
	bool		ordered;
} HookRoute;

extern HookRoute *hooks_route_make(List *tables, Oid target, bool running);
extern bool hooks_route_leads(const HookTable *table);
extern HookCause hooks_route_cause(const HookStep *step);
extern bool hooks_route_leaves(const HookLeaf *leaf, const HookStep *step);
extern bool hooks_route_is_left(const HookLeaf *leaf, const HookWay *way);

#endif							/* HOOKS_ROUTE_H */
