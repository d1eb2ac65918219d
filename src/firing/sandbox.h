/*
 * sandbox.h
 *		Run a callback as the role that the hook says.
 */
#ifndef HOOKS_SANDBOX_H
#define HOOKS_SANDBOX_H

#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"

#include "base/identity.h"
#include "registry/registry.h"

/* What to restore; the callback's caller keeps it */
typedef struct HookSandbox
{
	bool		entered;		/* something was changed */
	HookIdentity before;
} HookSandbox;

extern void hooks_sandbox_init(void);
extern bool hooks_sandbox_path_is_same(const char *search_path);
extern void hooks_sandbox_enter(HookSandbox *sandbox, const Hook *hook,
								Oid caller);
extern void hooks_sandbox_leave(const HookSandbox *sandbox);

/*
 * Is everything already as the hook wants it?  "at_home" is the role that
 * started the session if it is also the caller; InvalidOid if they differ.
 */
static inline bool
hooks_sandbox_is_needless(const Hook *hook, Oid at_home)
{
	return hook->owner == at_home && GetUserId() == at_home &&
		(strcmp(namespace_search_path, hook->search_path) == 0 ||
		 hooks_sandbox_path_is_same(hook->search_path));
}

#endif							/* HOOKS_SANDBOX_H */
