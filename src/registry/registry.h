/*
 * registry.h
 *		The rows of hooks.registry.
 */
#ifndef HOOKS_REGISTRY_H
#define HOOKS_REGISTRY_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "registry/hook.h"

/* What hooks there are, as bits: most DDL need not read the registry then */
#define HOOKS_ANY		(1 << 0)
#define HOOKS_WIDE		(1 << 1)	/* on all tables of a schema, or all */
#define HOOKS_ON_DROP	(1 << 2)

extern void hooks_registry_init(void);
extern int	hooks_registry_kinds(void);
extern Oid	hooks_registry_relid(void);
extern Oid	hooks_registry_owner(void);
extern bool hooks_registry_exists(void);
extern char *hooks_registry_name_of(int64 hook_id);
extern HeapTuple hooks_registry_row(const char *name);
extern Hook *hooks_registry_by_definition(Oid definition);
extern Hook *hooks_registry_find(const char *name);
extern Hook *hooks_registry_get(const char *name);
extern bool hooks_registry_has(Oid relid);
extern List *hooks_registry_of_relation(Oid relid);
extern List *hooks_registry_of_package(const char *package);
extern List *hooks_registry_wide(void);
extern List *hooks_registry_all(void);
extern void hooks_registry_invalidate(const Hook *hook);

#endif							/* HOOKS_REGISTRY_H */
