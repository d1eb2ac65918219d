/*
 * parent.h
 *		The row that a referential action follows.
 */
#ifndef HOOKS_PARENT_H
#define HOOKS_PARENT_H

#include "postgres.h"

#include "access/htup.h"
#include "nodes/execnodes.h"

/* The row that an action follows */
typedef struct HookParentRow
{
	bool		known;			/* is "changed"?  only for heaps */
	Oid			relid;
	CommandId	changed;		/* the command that changed it */
} HookParentRow;

extern bool hooks_parent_changed_by(HeapTupleHeader header,
									CommandId *command);
extern void hooks_parent_clear_slots(EState *level);
extern void hooks_parent_find(const EState *level, int *place,
							  HookParentRow *parent);

#endif							/* HOOKS_PARENT_H */
