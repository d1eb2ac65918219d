/*
 * ready.h
 *		What the ready callbacks for phase after share.
 */
#ifndef HOOKS_READY_H
#define HOOKS_READY_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"

#include "firing/context.h"
#include "firing/rowjson.h"

extern HookFiring *hooks_ready_begin(FunctionCallInfo fcinfo,
									 const char *name);
extern HookRowJson *hooks_ready_rowjson(FunctionCallInfo fcinfo, int skip);
extern char *hooks_ready_argument(FunctionCallInfo fcinfo);
extern bool hooks_ready_tells_statement(const HookFiring *firing, int skip);
extern char *hooks_ready_head(HookFiring *firing, bool with_statement);
extern void hooks_ready_add_row(StringInfo rows, Jsonb *row);

#endif							/* HOOKS_READY_H */
