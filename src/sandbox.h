/*
 * sandbox.h
 *		Run a callback as the role that the hook says.
 */
#ifndef HOOKS_SANDBOX_H
#define HOOKS_SANDBOX_H

#include "postgres.h"

#include "registry.h"

/* what to restore; the callback's caller keeps it */
typedef struct HookSandbox
{
	bool		changed_role;
	Oid			userid;
	int			sec_context;
	int			guc_level;		/* 0: search_path was not changed */
} HookSandbox;

extern void hooks_sandbox_enter(HookSandbox *sandbox, const Hook *hook,
								Oid caller);
extern void hooks_sandbox_leave(const HookSandbox *sandbox);

#endif							/* HOOKS_SANDBOX_H */
