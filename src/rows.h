/*
 * rows.h
 *		The rows of a batch, for a callback to see.
 */
#ifndef HOOKS_ROWS_H
#define HOOKS_ROWS_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "batch.h"

/* Whether a row is wanted */
typedef bool (*HookRowFilter) (TupleTableSlot *old, TupleTableSlot *new,
							   void *arg);

extern int64 hooks_rows_fetch(const HookBatch *batch, Relation target,
							  HookRowFilter filter, void *arg,
							  ResourceOwner owner,
							  Tuplestorestate **old_table,
							  Tuplestorestate **new_table);

#endif							/* HOOKS_ROWS_H */
