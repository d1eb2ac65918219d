/*
 * ancestors.h
 *		The partitioned tables above a table.
 */
#ifndef HOOKS_ANCESTORS_H
#define HOOKS_ANCESTORS_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern List *hooks_ancestors_of(Oid relid);
extern Oid	hooks_ancestors_top(Oid relid);

#endif							/* HOOKS_ANCESTORS_H */
