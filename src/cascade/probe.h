/*
 * probe.h
 *		Rows that refer to a key, found in an index.
 */
#ifndef HOOKS_PROBE_H
#define HOOKS_PROBE_H

#include "postgres.h"

#include "access/skey.h"

#include "cascade/route.h"

/*
 * How the rows of a table are found that refer to a key: by a B-tree whose
 * leading columns are those of the key.
 */
typedef struct HookProbe
{
	Oid			relid;
	Oid			index;
	bool		exact;			/* the index has no other columns */
	bool		with_xmin;		/* callers want it */
	int			nkeys;
	int		   *positions;		/* by scan key: the key's column */
	AttrNumber *attnums;		/* the table's column */
	ScanKeyData *keys;
	int			ncolumns;
	AttrNumber *columns;		/* of the tree, by the table's own numbers */
	TupleDesc	found;			/* of what a step's query finds */
} HookProbe;

typedef struct HookProbeScan HookProbeScan;

extern HookProbe *hooks_probe_make(const HookStep *step);
extern HookProbeScan *hooks_probe_begin(HookProbe *probe);
extern void hooks_probe_look(HookProbeScan *scan, const Datum *input);
extern bool hooks_probe_next(HookProbeScan *scan, Datum *values, bool *nulls);
extern void hooks_probe_end(HookProbeScan *scan);

#endif							/* HOOKS_PROBE_H */
