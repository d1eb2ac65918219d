/*
 * changes.h
 *		The rows that an after firing is about.
 */
#ifndef HOOKS_CHANGES_H
#define HOOKS_CHANGES_H

#include "postgres.h"

#include "commands/trigger.h"
#include "executor/tuptable.h"

/* One change after the other */
typedef struct HookChanges
{
	const TriggerData *trigdata;
	int64		count;			/* of changes in all */
	TupleTableSlot *old;		/* of the current one; NULL: there is none */
	TupleTableSlot *new;
	bool		paired;			/* each old row has its new one */
	bool		done;			/* of a row: it was given */
	TupleTableSlot *old_slot;	/* of tables; NULL: there is no such table */
	TupleTableSlot *new_slot;
	int			old_pointer;
	int			new_pointer;
} HookChanges;

extern void hooks_changes_begin(HookChanges *changes,
								const TriggerData *trigdata);
extern bool hooks_changes_next(HookChanges *changes);
extern void hooks_changes_end(HookChanges *changes);

#endif							/* HOOKS_CHANGES_H */
