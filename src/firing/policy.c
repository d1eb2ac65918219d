/*
 * policy.c
 *		What an error in a callback means: abort, isolate, quarantine.
 *
 * abort costs nothing: the error passes, with a context line.  The others run
 * the callback in a subtransaction of its own; when it fails, that is rolled
 * back, a WARNING and a row of hooks.failure (failure.c) tell of it, and the
 * statement goes on.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"

#include "base/attempt.h"
#include "base/own_signal.h"
#include "base/place.h"
#include "base/settings.h"
#include "base/timeout.h"
#include "firing/failure.h"
#include "firing/policy.h"
#include "registry/lock.h"
#include "registry/record.h"
#include "registry/registry.h"

/*
 * Errors that no policy swallows: a veto in a phase that can still stop the
 * statement, and errors by limits of the caller's session, as otherwise a
 * caller could set a limit that makes a hook fail.  Such limits are
 * lock_timeout, unless the callback has set its own, and hooks.max_depth.
 *
 * When a session starts, a hook must not lock anybody out: nothing passes but
 * a cancel that the client has asked for.
 */
static bool
must_propagate(const ErrorData *error, HookPhase phase,
			   bool callers_lock_timeout)
{
	if (phase == HOOK_STARTUP)
		return error->sqlerrcode == ERRCODE_QUERY_CANCELED;
	switch (error->sqlerrcode)
	{
		case ERRCODE_HOOK_CANCELED:
			return hooks_word_can_veto(phase);
		case ERRCODE_HOOK_RECURSION:
			return true;
		case ERRCODE_LOCK_NOT_AVAILABLE:
			return callers_lock_timeout;
		default:
			return hooks_attempt_must_propagate(error->sqlerrcode);
	}
}

/*
 * Takes a hook out if it has failed too often since it was enabled.  If some
 * other session is changing the registry, the next failure will do it.
 */
static bool
quarantine(const Hook *hook)
{
	int			failures = hooks_failure_count(hook->name, hook->enabled_at,
											   hooks_quarantine_after);
	Hook	   *current;

	if (failures < hooks_quarantine_after ||
		!hooks_lock_try(hook->name))
		return false;
	current = hooks_registry_find(hook->name);
	if (current == NULL || current->hook_id != hook->hook_id ||
		!current->enabled)
		return false;
	current->enabled = false;
	current->quarantined = true;
	hooks_record_update(current);
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg_plural("hook \"%s\" is in quarantine after %d failure",
						   "hook \"%s\" is in quarantine after %d failures",
						   failures, hook->name, failures),
			 errhint("Mend the callback, then call hooks.enable().")));
	return true;
}

/*
 * The context line of whatever is reported inside a firing; a callback for
 * error_context_stack.
 */
void
hooks_policy_add_context(void *arg)
{
	errcontext("%s", hooks_context_describe(arg));
}

static void
report_timeout(const HookMember *member, const HookFiring *firing)
{
	ereport(ERROR,
			(errcode(ERRCODE_HOOK_TIMEOUT),
			 errmsg("hook \"%s\" took longer than its timeout of %d ms",
					member->hook->name, member->timeout),
			 hooks_place(firing->subject->relation, InvalidOid)));
}

/*
 * The same error as one of ours, if a hook's own timeout was its cause.  Looks
 * nothing up, as the error has not been rolled back yet.
 */
static ErrorData *
translate_timeout(const HookMember *member, const HookFiring *firing,
				  char *schema, ErrorData *error)
{
	ErrorData  *translated = palloc(sizeof(ErrorData));

	*translated = *error;
	translated->sqlerrcode = ERRCODE_HOOK_TIMEOUT;
	translated->message =
		psprintf("hook \"%s\" took longer than its timeout of %d ms",
				 member->hook->name, member->timeout);
	translated->detail = NULL;
	translated->hint = NULL;
	translated->schema_name = schema;
	translated->table_name = firing->subject->relation_name == NULL ? NULL :
		pstrdup(firing->subject->relation_name);
	return translated;
}

/*
 * The same for a callback that has sent a signal to its own session, where
 * that is guarded against.
 */
static ErrorData *
translate_own_signal(const HookMember *member, ErrorData *error)
{
	error->sqlerrcode = ERRCODE_HOOK_ERROR;
	error->message =
		psprintf("hook \"%s\" tried to cancel or terminate its own session",
				 member->hook->name);
	return error;
}

/*
 * The hint of an isolated error; if it was the hook's own veto, why that was
 * not heeded.
 */
static const char *
hint_of_failure(const HookFiring *firing, const ErrorData *error)
{
	if (error->sqlerrcode != ERRCODE_HOOK_CANCELED || hooks_vetoing != firing)
		return error->hint;
	return psprintf("%s%s%s", error->hint ? error->hint : "",
					error->hint ? "\n" : "",
					firing->subject->event->phase == HOOK_STARTUP ?
					"In phase \"startup\" a veto refuses the session only under on_error => 'abort', and never a superuser's." :
					"The veto comes too late: in phase \"after\" it stops the statement only under on_error => 'abort', in the before phases under every policy.");
}

/*
 * Runs body(arg) under the hook's time limit and, if it is to be isolated, in
 * a subtransaction.  Returns its error, rolled back, or NULL.
 */
static ErrorData *
attempt(const HookMember *member, HookFiring *firing, bool isolated,
		void (*body) (void *arg), void *arg, bool *callers_lock_timeout)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	HookTimeout timeout;
	volatile bool timed = false;
	int			lock_timeout = LockTimeout;
	char	   *schema = member->timeout == 0 ? NULL :
		get_namespace_name(get_rel_namespace(firing->subject->relation));
	ErrorData  *volatile error = NULL;

	*callers_lock_timeout = false;
	if (isolated)
	{
		BeginInternalSubTransaction(NULL);
		MemoryContextSwitchTo(context);
	}
	PG_TRY();
	{
		if (member->timeout > 0)
		{
			hooks_timeout_begin(&timeout, member->timeout);
			timed = true;
		}
		body(arg);
		if (timed)
		{
			timed = false;
			if (hooks_timeout_end(&timeout))
				report_timeout(member, firing);
		}
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		/* what the callback has set is there until the subtransaction ends */
		*callers_lock_timeout = lock_timeout > 0 &&
			LockTimeout == lock_timeout;
		if (timed)
		{
			if (hooks_timeout_caused(&timeout, error->sqlerrcode))
				error = translate_timeout(member, firing, schema, error);
			(void) hooks_timeout_end(&timeout);
		}
		if (hooks_own_signal_caused(error->sqlerrcode))
			error = translate_own_signal(member, error);
	}
	PG_END_TRY();

	if (isolated)
	{
		if (error != NULL)
			RollbackAndReleaseCurrentSubTransaction();
		else
			ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		/* the abort took off what was begun in it, and nothing else */
		Assert(hooks_firing == firing);
	}
	return error;
}

/* what is told of a failure */
typedef struct FailureToTell
{
	const Hook *hook;
	const HookFiring *firing;
	const ErrorData *error;
} FailureToTell;

static void
record_failure(void *arg)
{
	const FailureToTell *failure = arg;

	hooks_failure_record(failure->hook, failure->firing, failure->error);
}

/*
 * Writes the row of an isolated failure.  When a session starts, that must not
 * fail it.
 */
static void
write_failure(const Hook *hook, const HookFiring *firing,
			  const ErrorData *error)
{
	FailureToTell failure = {hook, firing, error};

	if (firing->subject->event->phase == HOOK_STARTUP)
		(void) hooks_attempt(record_failure, &failure);
	else
		record_failure(&failure);
}

/*
 * Tells of an error that was isolated.
 */
HookOutcome
hooks_policy_failed(const HookMember *member, const HookFiring *firing,
					ErrorData *error)
{
	const Hook *hook = member->hook;

	/* The abort of the subtransaction has not popped the firing itself */
	error->hint = unconstify(char *, hint_of_failure(firing, error));
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("%s failed and was isolated: %s",
					hooks_context_describe(firing), error->message),
			 error->detail ? errdetail_internal("%s", error->detail) : 0,
			 error->hint ? errhint("%s", error->hint) : 0,
			 hooks_place(firing->subject->relation, InvalidOid)));

	/* where nothing can be written, as on a standby, the WARNING has to do */
	if (XactReadOnly)
		return HOOK_FAILED;
	write_failure(hook, firing, error);
	if (unlikely(hooks_observed))
		hooks_firing->failure = error->message;
	if (hook->policy == HOOK_QUARANTINE && quarantine(hook))
		return HOOK_TAKEN_OUT;
	return HOOK_FAILED;
}

/*
 * Runs body(arg) under the hook's time limit and, unless the policy is abort,
 * isolated.
 */
static HookOutcome
run_guarded(const HookMember *member, HookFiring *firing,
			void (*body) (void *arg), void *arg)
{
	bool		isolated = member->hook->policy != HOOK_ABORT;
	bool		callers_lock_timeout;
	ErrorData  *error = attempt(member, firing, isolated, body, arg,
								&callers_lock_timeout);

	if (error == NULL)
		return HOOK_DONE;
	if (!isolated || must_propagate(error, firing->subject->event->phase,
									callers_lock_timeout))
		ReThrowError(error);
	return hooks_policy_failed(member, firing, error);
}

/*
 * Runs body(arg), which calls the callback, isolated, and returns its error,
 * whatever that is.  For callers of which no statement waits for the callback.
 */
ErrorData *
hooks_policy_attempt(const HookMember *member, HookFiring *firing,
					 void (*body) (void *arg), void *arg)
{
	ErrorContextCallback callback;
	ErrorData  *error;
	bool		ignored;

	Assert(hooks_firing == firing);
	callback.callback = hooks_policy_add_context;
	callback.arg = firing;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	error = attempt(member, firing, true, body, arg, &ignored);
	error_context_stack = callback.previous;
	return error;
}

/*
 * Calls body(arg), which calls the callback, under the hook's policy.
 *
 * Errors that pass: all of them under abort, those of must_propagate() under
 * any policy; a hook's own timeout is KH002.
 */
HookOutcome
hooks_policy_run(const HookMember *member, HookFiring *firing,
				 void (*body) (void *arg), void *arg)
{
	ErrorContextCallback callback;
	HookOutcome outcome = HOOK_DONE;

	Assert(hooks_firing == firing);
	callback.callback = hooks_policy_add_context;
	callback.arg = firing;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	if (hooks_policy_is_plain(member))
		body(arg);
	else
		outcome = run_guarded(member, firing, body, arg);
	error_context_stack = callback.previous;
	return outcome;
}
