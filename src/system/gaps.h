/*
 * gaps.h
 *		For whom and where the filters of a table do not apply.
 */
#ifndef HOOKS_GAPS_H
#define HOOKS_GAPS_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern List *hooks_gaps_find(Oid relid);

#endif							/* HOOKS_GAPS_H */
