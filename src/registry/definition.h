/*
 * definition.h
 *		The function in hooks_definition that holds what a hook refers to.
 */
#ifndef HOOKS_DEFINITION_H
#define HOOKS_DEFINITION_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "registry/hook.h"

/* the schema that they are in */
#define HOOKS_DEFINITIONS "hooks_definition"

extern bool hooks_definition_is_one(Oid function);
extern Oid	hooks_definition_find(const char *name);
extern List *hooks_definition_using(Oid classid, Oid objid);
extern List *hooks_definition_all(void);
extern void hooks_definition_create(Hook *hook);
extern bool hooks_definition_bind(const Hook *hook);
extern void hooks_definition_drop(Oid function);
extern void hooks_definition_note_loading(Oid function);
extern bool hooks_definition_is_loading(Oid function);
extern void hooks_definition_end_loading(void);

#endif							/* HOOKS_DEFINITION_H */
