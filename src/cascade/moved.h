/*
 * moved.h
 *		Rows that a walk has changed: what they are now, and whom they meet by
 *		it.
 */
#ifndef HOOKS_MOVED_H
#define HOOKS_MOVED_H

#include "postgres.h"

#include "fmgr.h"
#include "storage/itemptr.h"
#include "utils/hsearch.h"

#include "base/graph.h"

/* The two ends of a foreign key */
typedef enum HookEnd
{
	HOOK_END_REFERENCING,
	HOOK_END_REFERENCED
} HookEnd;

#define HOOK_ENDS 2

typedef struct HookRowId
{
	Oid			relid;
	BlockNumber block;
	OffsetNumber offset;
	uint16		unused;			/* zero */
} HookRowId;

/* A changed row as it is now */
typedef struct HookVersion
{
	HookRowId	row;			/* hash key, must be first */
	int64		event;			/* its last change */
	Datum	   *values;			/* of HookTree.columns; NULL: not kept, as its
								 * tree does not move */
	bool	   *nulls;
} HookVersion;

typedef struct MovedBucket MovedBucket;

/*
 * A foreign key and the changed rows at its two ends, hashed by their new
 * keys.
 */
typedef struct HookMoved
{
	const HookForeignKey *key;
	MemoryContext context;
	bool		ends[HOOK_ENDS];	/* the ends whose rows are added */
	int		   *positions[HOOK_ENDS];	/* of the key among HookTree.columns */
	bool		prepared;		/* compare.c has set what follows */
	bool		hashes;
	FmgrInfo   *equal[HOOK_ENDS];	/* referenced = either */
	FmgrInfo   *same;			/* referencing = referencing */
	FmgrInfo   *hash[HOOK_ENDS];
	FmgrInfo   *cast;			/* of what refers; fn_oid InvalidOid: none */
	Oid		   *collations[HOOK_ENDS];	/* by which rows of an end are found */
	HTAB	   *buckets[HOOK_ENDS];
} HookMoved;

/* Rows of one key; hooks_moved_begin() */
typedef struct HookMovedScan
{
	HookMoved  *moved;
	HookEnd		end;
	HookEnd		by;
	const Datum *key;
	MovedBucket *bucket;
	int			at;
	int			n;
} HookMovedScan;

extern HookVersion *hooks_moved_find(HTAB *versions, Oid relid,
									 const ItemPointerData *tid);
extern HookVersion *hooks_moved_get(HTAB **versions, MemoryContext context,
									Oid relid, const ItemPointerData *tid);
extern void hooks_moved_tid(const HookVersion *version, ItemPointer tid);
extern void hooks_moved_add(HookMoved *moved, HookEnd end,
							HookVersion *version);
extern void hooks_moved_begin(HookMovedScan *scan, HookMoved *moved,
							  HookEnd end,
							  HookEnd by, const Datum *key, const bool *nulls);
extern HookVersion *hooks_moved_next(HookMovedScan *scan);
extern bool hooks_moved_same(HookMoved *moved,
							 const Datum *old_values, const bool *old_nulls,
							 const Datum *values, const bool *nulls);

#endif							/* HOOKS_MOVED_H */
