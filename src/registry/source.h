/*
 * source.h
 *		Tables from which deletes can come to hooked tables.
 */
#ifndef HOOKS_SOURCE_H
#define HOOKS_SOURCE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "registry/event.h"
#include "registry/hook.h"

extern bool hooks_source_captures(const HookEvent *event);
extern bool hooks_source_is_one(Oid relid);
extern List *hooks_source_above(Oid relid);
extern List *hooks_source_all(const Hook *hook);
extern Oid	hooks_source_forbidden(const Hook *hook, Oid role);
extern void hooks_source_tell(Oid relid);

#endif							/* HOOKS_SOURCE_H */
