/*
 * result.h
 *		The rows that an SQL function returns.
 */
#ifndef HOOKS_RESULT_H
#define HOOKS_RESULT_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/tuplestore.h"

extern Tuplestorestate *hooks_result_begin(FunctionCallInfo fcinfo,
										   TupleDesc *desc);
extern Datum hooks_result_text(const char *string, bool *isnull);
extern Datum hooks_result_name(const char *string, bool *isnull);
extern Oid	hooks_result_table(FunctionCallInfo fcinfo, int argument,
							   const char *usage);

#endif							/* HOOKS_RESULT_H */
