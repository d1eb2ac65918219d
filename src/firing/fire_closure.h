/*
 * fire_closure.h
 *		Fires the before_closure hooks of a delete.
 */
#ifndef HOOKS_FIRE_CLOSURE_H
#define HOOKS_FIRE_CLOSURE_H

#include "postgres.h"

#include "commands/trigger.h"

#include "firing/batch.h"

/* The rows of one hooked table that a delete removes */
typedef struct HookClosureTable
{
	Oid			target;			/* that hooks are on */
	int			depth;			/* of the nearest of the rows */
	Oid			constraint;		/* the foreign key that leads to these;
								 * InvalidOid if there are several */
	HookBatch  *rows;
	bool		ready;			/* its hooks fire, and so have these rows */
} HookClosureTable;

/* What a delete removes from tables with before_closure hooks */
typedef struct HookClosure
{
	List	   *tables;			/* of HookClosureTable, nearest tables first */
	List	   *on_the_way;		/* OIDs: all tables that it may come to */
} HookClosure;

/*
 * Finds that for the statement of a captured batch, in the current memory
 * context.
 */
typedef void (*HookClosureFinder) (const HookBatch *batch,
								   HookClosure *closure);

/* set by _PG_init(): to walk a cascade is above this wing */
extern HookClosureFinder hooks_closure_finder;

extern void hooks_fire_closure(HookBatch *batch, TriggerData *row_trigger,
							   MemoryContext query_cxt);

#endif							/* HOOKS_FIRE_CLOSURE_H */
