/*
 * objects.h
 *		What PostgreSQL tells event triggers of a command's objects.
 */
#ifndef HOOKS_OBJECTS_H
#define HOOKS_OBJECTS_H

#include "postgres.h"

#include "catalog/objectaddress.h"
#include "nodes/pg_list.h"

/* A row of pg_event_trigger_dropped_objects() or ..._ddl_commands() */
typedef struct HookObject
{
	ObjectAddress address;
	const char *type;			/* the object's, as "table" or "function" */

	/* only of what was dropped */
	bool		original;		/* the command named it */
	const char *schema;			/* NULL if it is in none */
	const char *name;			/* last part of its name */
	const char *table;			/* of a trigger: its table's */
} HookObject;

extern List *hooks_objects_dropped(void);
extern List *hooks_objects_touched(void);

#endif							/* HOOKS_OBJECTS_H */
