/*
 * registry.h
 *		The rows of hooks.registry.
 */
#ifndef HOOKS_REGISTRY_H
#define HOOKS_REGISTRY_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "registry/hook.h"

extern Oid	hooks_registry_relid(void);
extern Oid	hooks_registry_owner(void);
extern char *hooks_registry_name_of(int64 hook_id);
extern HeapTuple hooks_registry_row(const char *name);
extern Hook *hooks_registry_by_definition(Oid definition);
extern Hook *hooks_registry_find(const char *name);
extern Hook *hooks_registry_get(const char *name);
extern List *hooks_registry_of_relation(Oid relid);
extern List *hooks_registry_of_package(const char *package);
extern List *hooks_registry_wide(void);
extern List *hooks_registry_all(void);
extern List *hooks_registry_relations(void);
extern bool hooks_registry_has_wide(Relation registry);

#endif							/* HOOKS_REGISTRY_H */
