/*
 * kept.h
 *		The table hooks.kept: the cascades that were kept.
 */
#ifndef HOOKS_KEPT_H
#define HOOKS_KEPT_H

#include "postgres.h"

#include "access/transam.h"
#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "storage/lockdefs.h"

#include "recycle/kept_row.h"

/* A row of hooks.kept */
typedef struct HookKeptEntry
{
	int64		kept_id;
	int64		rows;			/* that were removed */
	bool		restored;
	TimestampTz restored_at;	/* if it was */
} HookKeptEntry;

extern void hooks_kept_begin(HookKeptWriter *writer);
extern void hooks_kept_end(HookKeptWriter *writer, Oid relation, int64 rows,
						   Oid caller, bool partial, TimestampTz until);
extern void hooks_kept_extend(int64 kept_id, TimestampTz until);
extern void hooks_kept_get(HookKeptEntry *entry, int64 kept_id,
						   LOCKMODE lockmode);
extern List *hooks_kept_of_transaction(FullTransactionId transaction,
									   LOCKMODE lockmode);
extern void hooks_kept_release(LOCKMODE lockmode);
extern void hooks_kept_set_restored(int64 kept_id);

#endif							/* HOOKS_KEPT_H */
