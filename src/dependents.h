/*
 * dependents.h
 *		What a DROP would remove.
 */
#ifndef HOOKS_DEPENDENTS_H
#define HOOKS_DEPENDENTS_H

#include "postgres.h"

#include "catalog/objectaddress.h"
#include "nodes/pg_list.h"

/* An object that goes */
typedef struct HookDependent
{
	ObjectAddress address;		/* hash key, must be first */
	bool		original;		/* the command names it */
	int			depth;			/* steps from what the command names */
} HookDependent;

extern List *hooks_dependents_find(List *targets, bool cascade);
extern bool hooks_dependents_has_relation(List *dependents, Oid relid);

#endif							/* HOOKS_DEPENDENTS_H */
