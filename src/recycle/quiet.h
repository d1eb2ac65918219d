/*
 * quiet.h
 *		A statement that fires only the triggers of constraints.
 */
#ifndef HOOKS_QUIET_H
#define HOOKS_QUIET_H

#include "postgres.h"

#include "executor/execdesc.h"

#include "recycle/putback.h"

extern void hooks_quiet_count(const QueryDesc *query);
extern void hooks_quiet_statement(QueryDesc *query, List *tables);

#endif							/* HOOKS_QUIET_H */
