/*
 * scan.h
 *		Which events of the log wait for a hook.
 */
#ifndef HOOKS_SCAN_H
#define HOOKS_SCAN_H

#include "postgres.h"

#include "storage/itemptr.h"

#include "outbox/log_reader.h"
#include "outbox/position.h"

/* Where a row of the log is */
typedef struct HookLogPlace
{
	int64		event_id;
	ItemPointerData tid;
	uint8		turn;			/* of the table */
} HookLogPlace;

/* The places of events, in the order of their numbers */
typedef struct HookLogPlaces
{
	int			length;
	HookLogPlace *places;
	bool		more;			/* there are more events after these */
} HookLogPlaces;

/* false stops the scan */
typedef bool (*HookLogVisitor) (const HookLogPlace *place, HeapTuple tuple,
								TupleDesc desc, void *arg);

extern void hooks_scan(const HookPosition *position,
					   const HookSnapshot *target, HookLogVisitor visit,
					   void *arg);
extern void hooks_scan_find(const HookPosition *position,
							const HookSnapshot *target,
							HookLogPlaces *found);
extern int	hooks_scan_fetch(const HookLogPlace *places, int n,
							 HookLogRow *rows);
extern bool hooks_scan_any(const HookPosition *position,
						   const HookSnapshot *target);
extern bool hooks_scan_has(FullTransactionId fxid);
extern bool hooks_scan_is_seen(int turn, const HookSnapshot *snapshot);

#endif							/* HOOKS_SCAN_H */
