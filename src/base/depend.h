/*
 * depend.h
 *		What depends on an object.
 */
#ifndef HOOKS_DEPEND_H
#define HOOKS_DEPEND_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern List *hooks_depend_list(Oid classid, Oid objid);

#endif							/* HOOKS_DEPEND_H */
