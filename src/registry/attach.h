/*
 * attach.h
 *		Which triggers a table needs, and that it has them.
 */
#ifndef HOOKS_ATTACH_H
#define HOOKS_ATTACH_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "registry/event.h"

extern bool hooks_attach_sync(Oid relid);
extern bool hooks_attach_register(Oid relid);
extern bool hooks_attach_mend(Oid relid);
extern void hooks_attach_sync_up(Oid relid);
extern void hooks_attach_sync_tree(Oid relid);
extern void hooks_attach_sync_above(List *relids, bool dropped);
extern void hooks_attach_make_way(Oid relid, Oid parent);
extern bool hooks_attach_make_way_for(Oid relid, const HookEvent *event);
extern List *hooks_attach_problems(Oid relid, const char *verb, bool others);

#endif							/* HOOKS_ATTACH_H */
