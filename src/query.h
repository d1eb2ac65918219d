/*
 * query.h
 *		The queries of a cascade's steps.
 */
#ifndef HOOKS_QUERY_H
#define HOOKS_QUERY_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "storage/itemptr.h"

#include "moved.h"
#include "route.h"

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
extern void hooks_query_comparisons(HookMoved *moved);

#endif							/* HOOKS_QUERY_H */
