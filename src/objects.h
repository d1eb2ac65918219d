/*
 * objects.h
 *		What PostgreSQL tells event triggers of a command's objects.
 */
#ifndef HOOKS_OBJECTS_H
#define HOOKS_OBJECTS_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* A row of pg_event_trigger_dropped_objects() or ..._ddl_commands() */
typedef struct HookObject
{
	Oid			classid;
	Oid			objid;
	int			objsubid;
	bool		original;		/* the command names it; false unless dropped */
	const char *type;			/* the object's, as "table" or "function" */
	const char *identity;		/* NULL unless dropped */
	const char *name;			/* last part of its name, NULL unless dropped */
} HookObject;

extern List *hooks_objects_dropped(void);
extern List *hooks_objects_touched(void);

#endif							/* HOOKS_OBJECTS_H */
