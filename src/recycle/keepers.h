/*
 * keepers.h
 *		How deleted rows are kept, by table, cached in the session.
 */
#ifndef HOOKS_KEEPERS_H
#define HOOKS_KEEPERS_H

#include "postgres.h"

#include "recycle/keeper.h"

extern void hooks_keepers_init(void);
extern HookKeeper *hooks_keepers_pin(Relation rel, Oid bin,
									 MemoryContext context);

#endif							/* HOOKS_KEEPERS_H */
