/*
 * attach.h
 *		Which triggers a table needs, and that it has them.
 */
#ifndef HOOKS_ATTACH_H
#define HOOKS_ATTACH_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "registry/event.h"
#include "registry/hook.h"

extern void hooks_attach_lock_sources(const Hook *hook);
extern bool hooks_attach_sync(Oid relid);
extern bool hooks_attach_register(Oid relid);
extern bool hooks_attach_mend(Oid relid);
extern void hooks_attach_sync_sources(List *relids);
extern void hooks_attach_sync_up(Oid relid);
extern void hooks_attach_sync_tree(Oid relid);
extern void hooks_attach_sync_above(List *relids, bool dropped);
extern List *hooks_attach_problems(Oid relid, const char *verb, bool others);

#endif							/* HOOKS_ATTACH_H */
