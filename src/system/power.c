/*
 * power.c
 *		What hooks.check() finds of hooks that may do too much.
 *
 * A hook runs with its owner's rights.  So it matters who else can decide what
 * it runs, and whose tables it fires for.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"

#include "base/rights.h"
#include "registry/callback.h"
#include "registry/checks.h"
#include "registry/scope.h"
#include "system/power.h"

/*
 * The callback of a hook or check that another role can replace, which has not
 * the rights of the owner: its code would run with these rights.
 */
static void
tell_foreign_callback(HookCheckSearch *search, Oid callback, Oid owner,
					  const char *what, const char *name)
{
	Oid			other = hooks_rights_function_owner(callback);

	if (!OidIsValid(other) || has_privs_of_role(other, owner))
		return;
	hooks_findings_add(search->findings, HOOK_FINDING_WARNING,
					   "callback_of_other", name,
					   psprintf("callback %s of %s \"%s\" belongs to role \"%s\", and runs as \"%s\"",
								hooks_callback_text(callback), what, name,
								GetUserNameFromId(other, true),
								GetUserNameFromId(owner, true)),
					   psprintf("Who owns a function can replace it. Give the function to the %s's owner.",
								what));
}

void
hooks_power_find_callbacks(HookCheckSearch *search)
{
	ListCell   *lc;

	foreach(lc, search->hooks)
	{
		const Hook *hook = lfirst(lc);

		if (hook->damage == NULL && hook->run_as == HOOK_AS_OWNER)
			tell_foreign_callback(search, hook->callback, hook->owner, "hook",
								  hook->name);
	}
	foreach(lc, search->checks)
	{
		const HookCheck *check = lfirst(lc);

		tell_foreign_callback(search, check->callback, check->owner, "check",
							  check->name);
	}
}

/*
 * Hooks of superusers that fire for other roles' tables, and so run as
 * superuser.
 */
void
hooks_power_find_wide(HookCheckSearch *search)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, search->hooks)
	{
		const Hook *hook = lfirst(lc);
		int			others = 0;

		if (hook->damage != NULL || OidIsValid(hook->relation) ||
			hook->run_as != HOOK_AS_OWNER || !superuser_arg(hook->owner))
			continue;
		foreach(lc2, hooks_scope_relations(hook))
		{
			CHECK_FOR_INTERRUPTS();
			if (!superuser_arg(hooks_rights_owner(lfirst_oid(lc2))))
				others++;
		}
		if (others > 0)
			hooks_findings_add(search->findings, HOOK_FINDING_NOTICE,
							   "wide_hook", hook->name,
							   psprintf("hook \"%s\" runs as superuser \"%s\" on %d tables of roles that are no superusers",
										hook->name,
										GetUserNameFromId(hook->owner, true),
										others),
							   "Its callback must not evaluate what they can write: names, text as SQL, operators of their types.");
	}
}
