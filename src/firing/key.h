/*
 * key.h
 *		Which foreign key's action a query of ri_triggers.c is.
 */
#ifndef HOOKS_KEY_H
#define HOOKS_KEY_H

#include "postgres.h"

#include "nodes/nodes.h"

/* The foreign keys of a table */
typedef struct HookKeys HookKeys;

extern HookKeys *hooks_key_list(Oid relid, MemoryContext context);
extern Oid	hooks_key_of_query(const HookKeys *keys, const char *sql,
							   CmdType operation, Oid parent);
extern CmdType hooks_key_event(const char *sql, CmdType operation);

#endif							/* HOOKS_KEY_H */
