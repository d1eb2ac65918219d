/*
 * preview.h
 *		What the SQL functions about cascades have in common.
 */
#ifndef HOOKS_PREVIEW_H
#define HOOKS_PREVIEW_H

#include "postgres.h"

#include "fmgr.h"
#include "nodes/bitmapset.h"
#include "utils/array.h"

#include "event.h"

extern Oid	hooks_preview_relation(FunctionCallInfo fcinfo);
extern ArrayType *hooks_preview_hooks(HookAction action, Oid relation,
									  List *relids, const Bitmapset *columns,
									  bool referenced);

#endif							/* HOOKS_PREVIEW_H */
