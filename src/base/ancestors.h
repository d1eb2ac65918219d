/*
 * ancestors.h
 *		The partitioned tables above a table, and the tables below.
 */
#ifndef HOOKS_ANCESTORS_H
#define HOOKS_ANCESTORS_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "storage/lockdefs.h"

extern List *hooks_ancestors_of(Oid relid);
extern List *hooks_ancestors_attached(Oid relid);
extern Oid	hooks_ancestors_top(Oid relid);
extern List *hooks_ancestors_below(Oid relid, LOCKMODE lockmode);
extern List *hooks_ancestors_with_partitions(List *tables);

#endif							/* HOOKS_ANCESTORS_H */
