/*
 * orphan.h
 *		The orphan guard.
 */
#ifndef HOOKS_ORPHAN_H
#define HOOKS_ORPHAN_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "nodes/bitmapset.h"
#include "utils/rel.h"

extern void hooks_orphan_report(const char *hook, Relation rel, bool skipped);
extern bool hooks_orphan_undoes(TupleDesc desc, const Bitmapset *assigned,
								HeapTuple before, HeapTuple after);

#endif							/* HOOKS_ORPHAN_H */
