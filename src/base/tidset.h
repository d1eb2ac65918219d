/*
 * tidset.h
 *		A set of rows, told apart by table and TID.
 */
#ifndef HOOKS_TIDSET_H
#define HOOKS_TIDSET_H

#include "postgres.h"

#include "storage/itemptr.h"

typedef struct HookTidSet HookTidSet;

extern HookTidSet *hooks_tidset_make(MemoryContext context);
extern void hooks_tidset_add(HookTidSet *set, Oid relid,
							 const ItemPointerData *tid);
extern bool hooks_tidset_has(HookTidSet *set, Oid relid,
							 const ItemPointerData *tid);

extern void hooks_tidset_each(HookTidSet *set, Oid relid,
							  void (*visit) (const ItemPointerData *tid,
											 void *arg),
							  void *arg);

#endif							/* HOOKS_TIDSET_H */
