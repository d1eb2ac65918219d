/*
 * rowjson.h
 *		Rows of a table as jsonb.
 */
#ifndef HOOKS_ROWJSON_H
#define HOOKS_ROWJSON_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "nodes/bitmapset.h"
#include "utils/jsonb.h"
#include "utils/rel.h"

#include "base/compat.h"

typedef struct HookRowJson HookRowJson;

extern HookRowJson *hooks_rowjson_begin(Relation rel,
										const Bitmapset *columns);
extern bool hooks_rowjson_is_plain(const HookRowJson *row);
extern bool hooks_rowjson_can_be_kept(const HookRowJson *row);
extern void hooks_rowjson_enter(HookRowJson *row);
extern void hooks_rowjson_push(HookRowJson *row, JsonbInState *state,
							   TupleTableSlot *slot);
extern Jsonb *hooks_rowjson_make(HookRowJson *row, TupleTableSlot *slot);
extern void hooks_rowjson_leave(HookRowJson *row);

#endif							/* HOOKS_ROWJSON_H */
