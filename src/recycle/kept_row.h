/*
 * kept_row.h
 *		The table hooks.kept_row, and the format of kept rows.
 */
#ifndef HOOKS_KEPT_ROW_H
#define HOOKS_KEPT_ROW_H

#include "postgres.h"

#include "access/htup.h"
#include "lib/stringinfo.h"
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

/* Reads some rows of one format; it may write to data */
typedef void (*HookKeptReader) (const HookKeptFormat *format, int rows,
								char *data, void *arg);

extern const HookShapePart *hooks_kept_row_column(const HookKeptFormat *format,
												  int field);
extern void hooks_kept_row_prepare(HookKeptFormat *format);
extern void hooks_kept_row_begin(HookKeptWriter *writer);
extern void hooks_kept_row_set_format(HookKeptWriter *writer,
									  const HookKeptFormat *format);
extern void hooks_kept_row_finish(HookKeptWriter *writer);
extern void hooks_kept_row_end(HookKeptWriter *writer);
extern void hooks_kept_row_read(int64 kept_id, HookKeptReader reader,
								void *arg);
extern void hooks_kept_row_forget(int64 kept_id);

#endif							/* HOOKS_KEPT_ROW_H */
