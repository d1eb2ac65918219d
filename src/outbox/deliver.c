/*
 * deliver.c
 *		One delivery: a hook's callback is called with an event.
 *
 * The callback runs in a session of the hook's owner, in a subtransaction.  If
 * it fails, only its own effects are rolled back; other deliveries of the
 * transaction stay.  No client waits for the outcome, so errors are caught,
 * except those that end the session.  Parameters that the callback sets are
 * reset, as if the session were new; statements that it prepares are
 * forgotten.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/prepare.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/death.h"
#include "base/duty.h"
#include "base/identity.h"
#include "firing/context_event.h"
#include "firing/log.h"
#include "firing/member.h"
#include "firing/policy.h"
#include "firing/sandbox.h"
#include "firing/stats.h"
#include "firing/trace.h"
#include "outbox/deliver.h"
#include "outbox/waiting.h"

/* a delivery has no origin: the event says where its rows come from */
static const HookOrigin not_known = {HOOK_DEPTH_UNKNOWN};

/* the lock_timeout of callbacks, as text; NULL for none.  Set once */
static char *lock_timeout = NULL;

/*
 * The delivery whose transaction could not commit, 0 for none, and the error.
 * Its callback is not called again: the delivery fails with this error.
 */
static int64 failed = 0;
static ErrorData *failed_error = NULL;
static bool failed_is_told = false;
static MemoryContext failed_context = NULL;

/* after so many crashes a delivery that was not tried leaves the order */
#define MAX_CRASHES 3

/* What the policy runs */
typedef struct DeliveryCall
{
	HookReceiver *receiver;
	const HookDelivery *delivery;
} DeliveryCall;

/*
 * To be called once: lock_timeout, as it is set for the role, is for its
 * callbacks.  What the worker does by itself can wait.
 */
void
hooks_deliver_init(void)
{
	if (LockTimeout > 0)
		lock_timeout =
			MemoryContextStrdup(TopMemoryContext,
								GetConfigOption("lock_timeout", false, false));
	SetConfigOption("lock_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE);
}

/*
 * The worker serves the hooks of an extension from now on.  If that was
 * created anew, its deliveries have the numbers of others.
 */
void
hooks_deliver_serve(Oid extension)
{
	static Oid	served = InvalidOid;

	if (served != extension)
		failed = 0;
	served = extension;
	hooks_death_serve(extension);
}

/*
 * Makes the receiver for a hook, in the current memory context.
 */
void
hooks_deliver_prepare(HookReceiver *receiver, Hook *hook)
{
	memset(receiver, 0, sizeof(HookReceiver));
	receiver->member.hook = hook;
	receiver->member.target = hook->relation;
	receiver->member.timeout = hooks_member_timeout(hook);
	receiver->member.tally = hooks_stats_tally(hook->definition);
}

/*
 * Sets what has become of earlier attempts, of which "attempts" are written
 * down.  A delivery that was never tried keeps its place after some crashes of
 * the server.
 */
void
hooks_deliver_remember(HookDelivery *delivery, const Hook *hook, int attempts)
{
	int			limit = attempts > 0 ? 1 : MAX_CRASHES;
	int			crashes;
	bool		terminated = hooks_death_at(delivery->id, &crashes);

	if (hook->policy == HOOK_RETRY)
		limit = Min(limit, hooks_waiting_max_attempts(hook));
	delivery->attempts = attempts + crashes;
	delivery->end = terminated ? HOOK_END_TERMINATED :
		crashes >= limit ? HOOK_END_CRASHED : HOOK_END_WRITTEN;
	/* that attempt is counted as the one that fails now */
	if (delivery->end == HOOK_END_CRASHED)
		delivery->attempts--;
}

static void
check_receiver(HookReceiver *receiver)
{
	Oid			callback = receiver->member.hook->callback;
	AclResult	result = hooks_proc_aclcheck(callback, GetUserId());

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION,
					   format_procedure_qualified(callback));
	if (!OidIsValid(receiver->function.fn_oid))
		fmgr_info_cxt(callback, &receiver->function,
					  GetMemoryChunkContext(receiver));
}

static void
call_receiver(void *arg)
{
	DeliveryCall *call = arg;
	HookReceiver *receiver = call->receiver;

	LOCAL_FCINFO(fcinfo, 1);
	PgStat_FunctionCallUsage usage;
	HookSandbox sandbox;
	int			level;

	if (unlikely(call->delivery->end == HOOK_END_TERMINATED))
		ereport(ERROR,
				(errcode(ERRCODE_ADMIN_SHUTDOWN),
				 errmsg("the worker was terminated while the callback ran")));
	if (unlikely(call->delivery->end == HOOK_END_CRASHED))
		ereport(ERROR,
				(errcode(ERRCODE_CRASH_SHUTDOWN),
				 errmsg("the server crashed while the callback ran")));
	if (unlikely(failed == call->delivery->id))
	{
		failed_is_told = true;
		ThrowErrorData(failed_error);
	}
	level = NewGUCNestLevel();
	if (lock_timeout != NULL)
		hooks_identity_set("lock_timeout", lock_timeout);
	hooks_sandbox_enter(&sandbox, receiver->member.hook, GetUserId());
	check_receiver(receiver);
	PushActiveSnapshot(GetTransactionSnapshot());
	InitFunctionCallInfoData(*fcinfo, &receiver->function, 1, InvalidOid,
							 NULL, NULL);
	fcinfo->args[0].value = JsonbPGetDatum(call->delivery->event);
	fcinfo->args[0].isnull = false;
	pgstat_init_function_usage(fcinfo, &usage);
	(void) FunctionCallInvoke(fcinfo);
	pgstat_end_function_usage(&usage, true);
	PopActiveSnapshot();
	hooks_sandbox_leave(&sandbox);
	AtEOXact_GUC(false, level);
	DropAllPreparedStatements();
}

/*
 * Reads in the event of a delivery what else is in the struct.
 */
void
hooks_deliver_describe(HookDelivery *delivery)
{
	const Jsonb *event = delivery->event;
	char	   *action = hooks_context_event_text(event, "action");
	char	   *generation = hooks_context_event_text(event, "generation");

	delivery->action = hooks_word_parse_actions(action);
	delivery->relation_name = hooks_context_event_text(event, "relation");
	delivery->generation = generation == NULL ? 1 : pg_strtoint32(generation);
}

/*
 * Calls the hook's callback with an event.  Returns its error, or NULL.
 */
ErrorData *
hooks_deliver(HookReceiver *receiver, const HookDelivery *delivery)
{
	DeliveryCall call = {receiver, delivery};
	HookSubject subject = {0};
	HookFiring *firing;
	ErrorData  *error;
	instr_time	begun;

	subject.hook = receiver->member.hook->name;
	subject.action = delivery->action == HOOK_NAME ? HOOK_NAME : 0;
	subject.event = hooks_event_find(receiver->member.hook->phase,
									 HOOK_NO_LEVEL,
									 delivery->action == HOOK_NAME ?
									 HOOK_INSERT : delivery->action);
	subject.relation = receiver->member.hook->relation;
	subject.relation_name = delivery->relation_name == NULL ? "?" :
		delivery->relation_name;
	subject.tally = receiver->member.tally;

	hooks_stats_begin(subject.tally);
	INSTR_TIME_SET_CURRENT(begun);
	firing = hooks_context_push(&subject, GetCurrentTransactionNestLevel());
	firing->trigdata = NULL;
	firing->origin = &not_known;
	firing->caller = GetUserId();
	firing->event = delivery->event;
	hooks_log_generation = delivery->generation;
	hooks_duty_at(delivery->id);
	error = hooks_policy_attempt(&receiver->member, firing, call_receiver,
								 &call);
	hooks_duty_at(0);
	hooks_log_generation = 0;
	if (error != NULL && receiver->member.hook->policy != HOOK_RETRY)
		(void) hooks_policy_failed(&receiver->member, firing, error);
	if (error != NULL)
		hooks_stats_count_failure(subject.tally, false);
	else
		hooks_stats_count(subject.tally, 0);
	hooks_stats_measure(subject.tally, &begun);
	if (unlikely(hooks_observed))
		hooks_trace_slow_delivery(firing, &begun, error != NULL);
	hooks_context_pop(firing);
	return error;
}

/*
 * The transaction of a single delivery has failed with the current error,
 * which is noted as the delivery's.  False if one was noted for it before:
 * then the delivery is not the cause.
 */
bool
hooks_deliver_failed(int64 delivery_id)
{
	MemoryContext old;

	if (failed_is_told)
		return false;
	if (failed_context == NULL)
		failed_context = AllocSetContextCreate(TopMemoryContext,
											   "hooks failed delivery",
											   ALLOCSET_SMALL_SIZES);
	MemoryContextReset(failed_context);
	old = MemoryContextSwitchTo(failed_context);
	failed_error = CopyErrorData();
	MemoryContextSwitchTo(old);
	failed = delivery_id;
	return true;
}

/*
 * The transaction of some deliveries has committed.
 */
void
hooks_deliver_committed(void)
{
	if (failed_is_told)
		failed = 0;
	failed_is_told = false;
}

/*
 * Is another attempt useless?
 */
bool
hooks_deliver_is_hopeless(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_HOOK_RECURSION;
}
