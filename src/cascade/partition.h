/*
 * partition.h
 *		Does a partition have a place for a row?
 */
#ifndef HOOKS_PARTITION_H
#define HOOKS_PARTITION_H

#include "postgres.h"

#include "access/attnum.h"
#include "utils/rel.h"

/* What the rows of a partition have in common */
typedef struct HookPartition
{
	MemoryContext context;
	Oid			relid;
	int			ncolumns;		/* that it goes by, by its own numbers */
	AttrNumber *columns;
	List	   *constraint;
	struct ExprState *state;	/* NULL: not asked yet; as the next two */
	struct ExprContext *econtext;
	struct TupleTableSlot *slot;
} HookPartition;

extern HookPartition *hooks_partition_make(Relation rel);
extern int	hooks_partition_key(Oid relid, AttrNumber **columns);
extern bool hooks_partition_has(HookPartition *partition, const Datum *values,
								const bool *nulls);

#endif							/* HOOKS_PARTITION_H */
