/*
 * append.h
 *		Rows for a table of ours.
 */
#ifndef HOOKS_APPEND_H
#define HOOKS_APPEND_H

#include "postgres.h"

#include "access/htup.h"
#include "utils/rel.h"

typedef struct HookAppend HookAppend;

extern HookAppend *hooks_append_begin(Relation rel);
extern void hooks_append_row(HookAppend *append, const Datum *values,
							 const bool *nulls);
extern void hooks_append_tuple(HookAppend *append, HeapTuple tuple);
extern void hooks_append_end(HookAppend *append);
extern void hooks_append_one(Relation rel, const Datum *values,
							 const bool *nulls);

#endif							/* HOOKS_APPEND_H */
