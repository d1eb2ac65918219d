/*
 * depend.h
 *		What depends on an object, and on what an object depends.
 */
#ifndef HOOKS_DEPEND_H
#define HOOKS_DEPEND_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern List *hooks_depend_list(Oid classid, Oid objid);
extern List *hooks_depend_needs(Oid classid, Oid objid);
extern void hooks_depend_refuse_temporary(Oid classid, Oid objid,
										  const char *kind, const char *name);

#endif							/* HOOKS_DEPEND_H */
