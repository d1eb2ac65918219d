/*
 * route.h
 *		Which ways a cascade can take from a table.
 */
#ifndef HOOKS_ROUTE_H
#define HOOKS_ROUTE_H

#include "postgres.h"

#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

#include "graph.h"
#include "tidset.h"

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
 */
typedef struct HookStep
{
	const HookForeignKey *key;
	HookCause	cause;
	HookEffect	effect;
	bool		deferred;		/* blocks at COMMIT, if at all */
	bool		taken;			/* the walk has come here */
	bool		copies;			/* ON UPDATE CASCADE: the new values are the
								 * referenced row's */
	bool		alone;			/* nothing else touches its rows, and nothing
								 * comes of them */
	bool		counts;			/* so the walk only counts them */
	bool		recheck;		/* not an action: the key is looked up again for
								 * a row that is changed twice */
	struct HookTable *table;	/* the referencing table */
	Bitmapset  *set;			/* columns of it that change, by number */
	List	   *spoilers;		/* of HookStep: after these, a row refers no
								 * more by this key */
	List	   *takers;			/* of HookStep: these take the key away from the
								 * row that it refers to */
	int		   *positions;		/* of the key among HookTable.columns, or -1 */
	HookTidSet *changed;		/* rows that it has changed; walk.c's */
	char	  **defaults;		/* what is set, as SQL, by number of key column;
								 * NULL: it stays.  query.c's, as the next */
	bool		knows_same;		/* the query tells if a default changes nothing */
	struct HookStepState *state;	/* walk.h */
} HookStep;

/*
 * A way on from the rows of one table: one of its triggers that carry out
 * referential actions.
 */
typedef struct HookWay
{
	const HookForeignKey *key;
	Bitmapset  *columns;		/* referenced ones, by the HookTable's numbers */
	AttrNumber *keys;			/* the same, one for each column of the key */
	int		   *positions;		/* of these among HookTable.columns */
	HookStep   *steps[HOOK_CAUSES]; /* NULL where nobody goes */
	List	   *spoilers;		/* of HookStep: these take the key away */
} HookWay;

/* A table that holds rows: a partition, or the table itself */
typedef struct HookLeaf
{
	Oid			relid;			/* hash key, must be first */
	struct HookTable *table;
	List	   *deletes;		/* of HookWay, in the order of the triggers */
	List	   *updates;
	List	   *checked;		/* of HookForeignKey: its own keys that are looked
								 * up when a row changes */
} HookLeaf;

/* A table as a statement or a foreign key names it */
typedef struct HookTable
{
	Oid			relid;
	Oid			root;			/* of its partition tree */
	bool		partitioned;
	bool		doomable;		/* its rows can be deleted */
	List	   *leaves;			/* of HookLeaf */
	struct HTAB *leaf_by_relid;
	HookLeaf   *last_leaf;		/* that was asked for; NULL: none */
	List	   *columns;		/* numbers of those that the walk needs */
	List	   *changes;		/* of HookStep: these change its rows */
	List	   *rechecks;		/* of HookStep */
} HookTable;

/* All that can be reached */
typedef struct HookRoute
{
	MemoryContext context;
	const HookGraph *graph;
	List	   *wanted;			/* roots of partition trees to go to or through;
								 * NIL: all */
	bool		blocked;		/* rows that block are looked for */
	List	   *tables;			/* of HookTable */
	List	   *steps;			/* of HookStep */
	List	   *open;			/* of Relation: nobody changes these as long */
	bool		ordered;		/* what happens depends on the order of events */
} HookRoute;

extern HookRoute *hooks_route_make(List *tables, Oid target, bool blocked);
extern void hooks_route_end(HookRoute *route);
extern HookTable *hooks_route_table(const HookRoute *route, Oid relid);
extern void hooks_route_need(HookTable *table, const AttrNumber *columns, int n);
extern Bitmapset *hooks_route_set(const AttrNumber *columns, int n);
extern HookLeaf *hooks_route_leaf(HookTable *table, Oid relid);

#endif							/* HOOKS_ROUTE_H */
