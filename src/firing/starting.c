/*
 * starting.c
 *		Fire the hooks of phase startup.
 *
 * They are on no relation, so there is no chain of them: they are read from
 * the registry when they are needed, once in a session or server.
 *
 * Nothing that a callback does may lock anybody out.  So each has a time
 * limit, errors of all kinds are isolated, and a callback cannot end its own
 * session.  The caller's statement_timeout waits meanwhile, and begins anew:
 * it is not the client's statement that takes long.  Only a hook with policy
 * abort can refuse a session, and never a superuser's.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/memutils.h"
#include "utils/timeout.h"

#include "base/own_signal.h"
#include "base/settings.h"
#include "firing/fire.h"
#include "firing/payload.h"
#include "firing/starting.h"
#include "registry/registry.h"

/*
 * The hook as it fires in this session; NULL if it does not.
 */
static HookMember *
make_starter(Hook *hook, HookAction action)
{
	HookReach	reach = {hook};
	HookMember *member;

	if (hook->phase != HOOK_STARTUP || (hook->actions & action) == 0 ||
		hook->damage != NULL || !hook->enabled ||
		hooks_scope_forbids(hook) != NULL)
		return NULL;
	if (action == HOOK_SESSION && superuser_arg(GetSessionUserId()))
		hook->policy = HOOK_ISOLATE;
	member = hooks_member_make(&reach, NULL);
	if (member->timeout == 0 && action == HOOK_SESSION)
		member->timeout = hooks_startup_timeout;
	return member;
}

/*
 * A run of the hooks of an action, in firing order, in a context that lives as
 * long as the run shall.
 */
HookRun *
hooks_starting_prepare(HookAction action, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	List	   *hooks = hooks_registry_wide();
	HookMember **members =
		palloc(sizeof(HookMember *) * Max(list_length(hooks), 1));
	int			n = 0;
	HookRun    *run;
	ListCell   *lc;

	foreach(lc, hooks)
	{
		HookMember *member = make_starter(lfirst(lc), action);

		if (member != NULL)
			members[n++] = member;
	}
	run = hooks_fire_prepare_apart(hooks_event_find(HOOK_STARTUP,
													HOOK_NO_LEVEL, action),
								   members, n);
	MemoryContextSwitchTo(old);
	return run;
}

static Jsonb *
make_startup_event(HookFiring *firing, void *arg)
{
	JsonbInState state = hooks_payload_begin(firing);

	return hooks_payload_end(&state);
}

/*
 * Stops the clock of the client's statement; true if it was running.
 */
static bool
stop_statement_timeout(void)
{
	if (!get_timeout_active(STATEMENT_TIMEOUT))
		return false;
	disable_timeout(STATEMENT_TIMEOUT, false);
	return true;
}

/*
 * Fires one hook of a run, if it is due.  A snapshot is active.
 */
void
hooks_starting_call(HookRun *run, HookCall *call)
{
	HookOrigin	origin = {HOOK_DEPTH_UNKNOWN};
	HookOccasion occasion = {0};
	bool		timed;

	if (!hooks_fire_is_due(call, NULL))
		return;
	occasion.caller = GetUserId();
	occasion.origin = &origin;
	occasion.make = make_startup_event;
	timed = stop_statement_timeout();
	hooks_own_signal_guard();
	PG_TRY();
	{
		hooks_call_event(run, call, &occasion);
	}
	PG_FINALLY();
	{
		hooks_own_signal_release();
	}
	PG_END_TRY();
	if (timed && StatementTimeout > 0)
		enable_timeout_after(STATEMENT_TIMEOUT, StatementTimeout);
	CommandCounterIncrement();
}
