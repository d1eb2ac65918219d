/*
 * query.h
 *		The queries of a cascade's steps.
 */
#ifndef HOOKS_QUERY_H
#define HOOKS_QUERY_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "storage/itemptr.h"

#include "cascade/moved.h"
#include "cascade/route.h"

/* Each row that a query finds begins with an event's number, for the lane */

/* the columns of hooks_query_roots() */
enum
{
	HOOK_ROOT_RELID = 1,
	HOOK_ROOT_TID,
	HOOK_ROOT_COLUMNS			/* HookTree.columns */
};

/* of hooks_query_rows() */
enum
{
	HOOK_ROW_RELID = 1,
	HOOK_ROW_TID,				/* null: there is none */
	HOOK_ROW_XMIN,
	HOOK_ROW_COLUMNS			/* HookTree.columns; if the step meets, its
								 * key; if it copies and moves, the new key */
};

/* of hooks_query_counts() */
enum
{
	HOOK_COUNT_RELID = 1,
	HOOK_COUNT_ROWS
};

/* of hooks_query_checks() */
enum
{
	HOOK_CHECK_RELID = 1,
	HOOK_CHECK_TID,
	HOOK_CHECK_CHANGE,			/* the event of the change */
	HOOK_CHECK_REFERENCED_RELID,
	HOOK_CHECK_REFERENCED_TID,	/* null: there is no such row */
	HOOK_CHECK_KEY
};

extern TupleDesc hooks_query_desc(const HookStep *step, bool checks);
extern char *hooks_query_roots(const HookTable *table, bool children,
							   const char *condition);
extern char *hooks_query_rows(const HookStep *step, const char *name,
							  bool ordered);
extern char *hooks_query_counts(const HookStep *step, const char *name);
extern char *hooks_query_checks(const HookStep *step, const char *name,
								bool ordered);
extern bool hooks_query_defaults(const HookStep *step, Datum *values,
								 bool *nulls);

/* an OID in a column of a found row */
static inline Oid
found_relid(const Datum *values, int column)
{
	return DatumGetObjectId(values[column]);
}

/* a TID in such a column */
static inline ItemPointer
found_tid(const Datum *values, int column)
{
	return (ItemPointer) DatumGetPointer(values[column]);
}

#endif							/* HOOKS_QUERY_H */
