/*
 * kept.h
 *		The tables hooks.kept and hooks.kept_row, and the format of kept rows.
 */
#ifndef HOOKS_KEPT_H
#define HOOKS_KEPT_H

#include "postgres.h"

#include "access/htup.h"
#include "access/transam.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "storage/lockdefs.h"
#include "utils/rel.h"

#include "base/append.h"
#include "recycle/shape.h"

/* What the fields of some kept rows of one table are */
typedef struct HookKeptFormat
{
	/* the table; of partitions, the topmost above */
	Oid			relid;
	char	   *name;			/* its qualified name when they were kept */
	int			nfields;
	int		   *columns;		/* by field: its column in the shape */
	HookShape	shape;
	bool		original;		/* numbers of columns and OIDs of types are
								 * those of now; else only names can be
								 * compared */
	int			nchanged;		/* 0: deleted rows. Otherwise rows that were
								 * changed in so many columns: the first
								 * fields find the row; the last are the
								 * changed columns twice, as they were and as
								 * the delete left them */
	HeapTuple	model;			/* to write it: a row of hooks.kept_row, up to
								 * its last column, the data */
} HookKeptFormat;

/* Writes kept rows */
typedef struct HookKeptWriter
{
	Relation	rel;			/* hooks.kept_row */
	HookAppend *append;			/* to it */
	int64		kept_id;
	int			number;			/* of the next chunk */
	const HookKeptFormat *format;	/* NULL: none yet */
	StringInfoData data;		/* the chunk */
	int			rows;			/* in it */
} HookKeptWriter;

/* A row of hooks.kept */
typedef struct HookKeptEntry
{
	int64		kept_id;
	int64		rows;			/* that were removed */
	bool		restored;
	TimestampTz restored_at;	/* if it was */
} HookKeptEntry;

/* Reads some rows of one format; it may write to data */
typedef void (*HookKeptReader) (const HookKeptFormat *format, int rows,
								char *data, void *arg);

extern const HookShapePart *hooks_kept_column(const HookKeptFormat *format,
											  int field);
extern void hooks_kept_begin(HookKeptWriter *writer);
extern void hooks_kept_prepare(HookKeptFormat *format);
extern void hooks_kept_set_format(HookKeptWriter *writer,
								  const HookKeptFormat *format);
extern void hooks_kept_end_row(HookKeptWriter *writer);
extern void hooks_kept_end(HookKeptWriter *writer, Oid relation, int64 rows,
						   Oid caller, bool partial, TimestampTz until);
extern void hooks_kept_get(HookKeptEntry *entry, int64 kept_id,
						   LOCKMODE lockmode);
extern List *hooks_kept_of_transaction(FullTransactionId transaction,
									   LOCKMODE lockmode);
extern void hooks_kept_read(int64 kept_id, HookKeptReader reader, void *arg);
extern void hooks_kept_set_restored(int64 kept_id);
extern void hooks_kept_forget_rows(int64 kept_id);

#endif							/* HOOKS_KEPT_H */
