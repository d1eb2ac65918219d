/*
 * standin.h
 *		Tables that pg_dump takes in the place of others.
 */
#ifndef HOOKS_STANDIN_H
#define HOOKS_STANDIN_H

#include "postgres.h"

#include "access/htup.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/rel.h"

/*
 * What the current user gets for a row of the table: the row, or one in its
 * place, palloc'd; NULL for nothing.
 */
typedef HeapTuple (*HookStandinFilter) (Relation rel, HeapTuple tuple,
										void *arg);

extern void hooks_standin_read(FunctionCallInfo fcinfo, Relation rel,
							   HookStandinFilter filter, void *arg);
extern bool hooks_standin_load(TriggerData *data, const char *standin,
							   const char *table);

#endif							/* HOOKS_STANDIN_H */
