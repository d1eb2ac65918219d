/*
 * probe.h
 *		Rows that refer to a key, found in an index.
 */
#ifndef HOOKS_PROBE_H
#define HOOKS_PROBE_H

#include "postgres.h"

#include "access/skey.h"
#include "executor/tuptable.h"
#include "utils/snapshot.h"

#include "cascade/route.h"

/*
 * How the rows of a table are found that refer to a key: by a B-tree whose
 * leading columns are those of the key.
 */
typedef struct HookProbe
{
	Oid			relid;
	Oid			index;
	bool		with_xmin;		/* callers want it */
	int			nkeys;
	int		   *positions;		/* by scan key: the key's column */
	AttrNumber *attnums;		/* the table's column */
	ScanKeyData *keys;
	int			ncolumns;
	AttrNumber *columns;		/* of the tree, by the table's own numbers */
	TupleDesc	found;			/* of what a step's query finds */
} HookProbe;

/* Takes a row; false if no more are wanted */
typedef bool (*HookProbeReceiver) (const Datum *values, const bool *nulls,
								   void *arg);

extern HookProbe *hooks_probe_make(const HookStep *step);
extern bool hooks_probe_run(HookProbe *probe, HeapTuple *inputs, int n,
							TupleDesc desc, HookProbeReceiver receiver,
							void *arg);

#endif							/* HOOKS_PROBE_H */
