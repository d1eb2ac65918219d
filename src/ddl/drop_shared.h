/*
 * drop_shared.h
 *		Hooks on the drop of roles, databases and tablespaces.
 */
#ifndef HOOKS_DROP_SHARED_H
#define HOOKS_DROP_SHARED_H

#include "postgres.h"

#include "catalog/objectaccess.h"
#include "nodes/nodes.h"

/* A command that drops such objects, while it runs */
typedef struct HookSharedDrop
{
	struct HookSharedDrop *outer;	/* a callback of that runs this one */
	Node	   *command;
	List	   *told;			/* OIDs of which the hooks were told; NIL:
								 * they have not fired yet */
	bool		switched_off;	/* by hooks.enabled: nothing fires */
	object_access_hook_type prev;
} HookSharedDrop;

/*
 * Is it such a command?
 */
static inline bool
hooks_drop_shared_is(const Node *command)
{
	return IsA(command, DropRoleStmt) || IsA(command, DropdbStmt) ||
		IsA(command, DropTableSpaceStmt);
}

extern bool hooks_drop_shared_begin(HookSharedDrop *drop, Node *command);
extern void hooks_drop_shared_end(HookSharedDrop *drop);

#endif							/* HOOKS_DROP_SHARED_H */
