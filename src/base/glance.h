/*
 * glance.h
 *		Looks at tables without keeping their locks.
 */
#ifndef HOOKS_GLANCE_H
#define HOOKS_GLANCE_H

#include "postgres.h"

#include "utils/resowner.h"

typedef struct HookGlance
{
	ResourceOwner owner;		/* of the locks */
	ResourceOwner before;
} HookGlance;

extern void hooks_glance_begin(HookGlance *glance);
extern void hooks_glance_end(HookGlance *glance);

#endif							/* HOOKS_GLANCE_H */
