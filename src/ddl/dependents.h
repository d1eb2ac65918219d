/*
 * dependents.h
 *		What a DROP would remove.
 */
#ifndef HOOKS_DEPENDENTS_H
#define HOOKS_DEPENDENTS_H

#include "postgres.h"

#include "catalog/objectaddress.h"
#include "nodes/pg_list.h"
#include "utils/hsearch.h"

/* An object that goes */
typedef struct HookDependent
{
	ObjectAddress address;		/* hash key, must be first */
	bool		original;		/* the command names it */
	int			depth;			/* steps from what the command names */
} HookDependent;

/* All that go */
typedef struct HookDependents
{
	List	   *list;			/* of HookDependent, what is named first */
	HTAB	   *by_address;		/* the same */
} HookDependents;

extern HookDependents *hooks_dependents_find(List *targets, bool cascade);
extern bool hooks_dependents_has(const HookDependents *dependents,
								 const ObjectAddress *address);

#endif							/* HOOKS_DEPENDENTS_H */
