/*
 * direct.h
 *		The rows that a running delete removes itself, not by its cascade.
 */
#ifndef HOOKS_DIRECT_H
#define HOOKS_DIRECT_H

#include "postgres.h"

#include "cascade/walk.h"
#include "firing/batch.h"
#include "firing/statement.h"

typedef struct HookDirect
{
	const HookStatement *statement; /* NULL: not seen */
	List	   *batches;		/* of HookBatch: captured ones */
	List	   *uncaptured;		/* tables whose rows are in none */
	List	   *tables;			/* all that hold such rows */
} HookDirect;

extern void hooks_direct_find(HookDirect *direct, const HookBatch *firing,
							  const HookStatement *statement,
							  bool captured_only);
extern void hooks_direct_add(const HookDirect *direct, HookWalk *walk,
							 Oid target, List *target_tables);
extern bool hooks_direct_is_captured(Oid relid);

#endif							/* HOOKS_DIRECT_H */
