/*
 * cascade.h
 *		What a DELETE, with its cascades, would do or does.
 */
#ifndef HOOKS_CASCADE_H
#define HOOKS_CASCADE_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "nodes/pg_list.h"
#include "storage/itemptr.h"

#include "graph.h"
#include "route.h"

/* A row that the walk has found: deleted, or changed and not deleted later */
typedef struct HookCascadeRow
{
	Oid			relid;			/* the table, or partition, that holds it */
	ItemPointerData tid;
	int			depth;			/* 0 for the statement's own */
	const HookForeignKey *key;	/* by which; NULL at depth 0 */
	HookEffect	effect;
} HookCascadeRow;

/* Called for each of them, once: deletes in order, then the changes */
typedef void (*HookCascadeVisitor) (const HookCascadeRow *row, void *arg);

/* How many they are */
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
	bool		capped;			/* at least so many */
	List	   *relids;			/* the tables that hold them */
} HookCascadeCount;

typedef struct HookCascade HookCascade;

extern HookCascade *hooks_cascade_begin(List *roots, Oid target,
										int64 max_rows,
										HookCascadeVisitor visitor, void *arg);
extern HookRoute *hooks_cascade_route(HookCascade *cascade);
extern void hooks_cascade_select(HookCascade *cascade, Oid relid,
								 const char *name, const char *condition);
extern void hooks_cascade_add(HookCascade *cascade, TupleTableSlot *slot);
extern void hooks_cascade_run(HookCascade *cascade);
extern List *hooks_cascade_counts(const HookCascade *cascade);
extern void hooks_cascade_end(HookCascade *cascade);

#endif							/* HOOKS_CASCADE_H */
