/*
 * duty.c
 *		A worker's place in the list of workers, and what it does there.
 *
 * The functions are for the worker's own process.  One that ends in the middle
 * of something gives its place back, and asks for another worker to go on.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/condition_variable.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/crash.h"
#include "base/death.h"
#include "base/duty.h"
#include "base/roster.h"

/* who is busy for so many milliseconds is stalled */
#define STALL_LIMIT	100

/* so long it has its place, while others wait for one */
#define LONGEST_DUTY	USECS_PER_SEC

/* how often a worker that cannot start is asked for again */
#define MAX_TRIES	6

/* this worker's own slot, NULL in other processes */
static HookWorkerSlot *mine = NULL;

/* registered on first use; MAX_TIMEOUTS before that */
static TimeoutId stall_timer = MAX_TIMEOUTS;

/* the worker could not begin, as its database was dropped */
static bool database_gone = false;
static emit_log_hook_type prev_emit_log = NULL;

/* several deliveries that it commits, and to which hook; 0: none */
static int	committed_together = 0;
static int64 committed_hook = 0;

/* set by the signal handler: the postmaster ends the worker */
static volatile sig_atomic_t dismissed = false;

/*
 * Before mine becomes NULL, as the timer sets something in it.
 */
static void
end_stall(void)
{
	if (stall_timer != MAX_TIMEOUTS)
		disable_timeout(stall_timer, false);
	if (!mine->stalled)
		return;
	SpinLockAcquire(&hooks_roster->mutex);
	mine->stalled = mine->relieved = false;
	SpinLockRelease(&hooks_roster->mutex);
}

/*
 * The slot goes when the process does, however that comes.  Who leaves in an
 * orderly way has none any more.  Else what was to be done is still to be
 * done; and if that was in a callback, the next worker counts it as its
 * failure; if it was when deliveries were committed, the next worker finds out
 * by which.  Not if the postmaster has ended the worker, because a command
 * needs the database for itself: that is no fault of the callback.
 */
static void
duty_ends(int code, Datum arg)
{
	HookWorkerSlot *slot = mine;
	bool		again;
	bool		stand_in;
	Oid			database;

	if (slot == NULL)
		return;
	end_stall();
	mine = NULL;
	SpinLockAcquire(&hooks_roster->mutex);
	database = slot->database;
	hooks_crash_at(0);
	if (slot->delivery > 0 && !dismissed)
		hooks_death_add(database, slot->delivery, 0);
	else if (committed_together > 0 && !dismissed)
		hooks_death_add(database, -committed_hook, committed_together);
	again = !database_gone && (slot->connected || slot->tries < MAX_TRIES);
	if (database_gone)
		hooks_roster_forget(database);
	stand_in = slot->stand_in ||
		(!slot->connected && HOOKS_BGWORKER_ANY_ROLE == 0);
	if (again)
		hooks_roster_request(database, slot->owner, stand_in,
							 GetCurrentTimestamp() +
							 (USECS_PER_SEC << Min(slot->tries, MAX_TRIES)),
							 slot->tries + 1, HOOK_WAITS_FOR_TIME);
	slot->database = InvalidOid;
	SpinLockRelease(&hooks_roster->mutex);
	/* also for who waits for a place */
	hooks_process_wake_launcher();
}

/* SIGTERM */
static void
terminated(SIGNAL_ARGS)
{
	if (HOOKS_SIGNAL_IS_POSTMASTERS)
		dismissed = true;
	die(HOOKS_SIGNAL_PASS);
}

/*
 * Listens to what the worker ends with: no session can look whether its
 * database is there.
 */
static void
note_ending(ErrorData *error)
{
	if (error->elevel == FATAL &&
		error->sqlerrcode == ERRCODE_UNDEFINED_DATABASE)
		database_gone = true;
	if (prev_emit_log != NULL)
		prev_emit_log(error);
}

/*
 * Is there a launcher, or will there be one?  Under the lock.
 */
static bool
is_launched(void)
{
	return hooks_roster->launcher != NULL ||
		hooks_roster->launcher_asked_at != 0;
}

/*
 * The request that comes first, if somebody waits and there is no launcher,
 * under the lock; else NULL.
 */
static HookWorkerRequest *
first_in_line(void)
{
	HookWorkerRequest *first = NULL;

	if (is_launched())
		return NULL;
	for (int i = 0; i < HOOK_REQUESTS; i++)
	{
		HookWorkerRequest *place = &hooks_roster->requests[i];

		if (OidIsValid(place->database) &&
			(first == NULL || place->at < first->at))
			first = place;
	}
	return first;
}

/*
 * A worker that was started again is for who has waited for the longest time.
 * Returns the place that was taken under the lock, NULL if there is nobody.
 */
static HookWorkerSlot *
take_over(void)
{
	HookWorkerRequest *place = first_in_line();
	TimestampTz now = GetCurrentTimestamp();
	HookWorkerRequest request;
	HookWorkerSlot *slot;
	HookWaitsFor waits;

	if (place == NULL || place->at > now)
		return NULL;
	request = *place;
	place->database = InvalidOid;
	slot = hooks_roster_take(request.database, request.owner,
							 request.stand_in, request.tries, now, &waits);
	if (slot == NULL)
		hooks_roster_request(request.database, request.owner,
							 request.stand_in,
							 waits == HOOK_WAITS_FOR_TIME ?
							 now + USECS_PER_SEC : request.at,
							 request.tries, waits);
	return slot;
}

/*
 * Is the place of a task still that of the process, under the lock?  It is not
 * if the process was started again, and is there twice then.
 */
static bool
has_place(const HookWorkerTask *task)
{
	HookWorkerSlot *slot = &hooks_roster->workers[task->slot];

	return slot->database == task->database && slot->owner == task->owner &&
		slot->latch == NULL;
}

/*
 * A worker takes its place, or another one.  Says in the task whose worker it
 * is; false if nobody's.
 */
bool
hooks_duty_enter(HookWorkerTask *task)
{
	HookWorkerSlot *slot;

	if (!hooks_roster_attach())
		return false;
	Assert(task->slot < HOOK_WORKERS);
	SpinLockAcquire(&hooks_roster->mutex);
	if (task->slot >= 0 && has_place(task))
		slot = &hooks_roster->workers[task->slot];
	else
		slot = take_over();
	if (slot != NULL)
		slot->latch = MyLatch;
	SpinLockRelease(&hooks_roster->mutex);
	if (slot == NULL)
		return false;
	task->slot = slot - hooks_roster->workers;
	task->database = slot->database;
	task->owner = slot->owner;
	task->stand_in = slot->stand_in;
	mine = slot;
	hooks_crash_enter(task->slot, task->database);
	prev_emit_log = emit_log_hook;
	emit_log_hook = note_ending;
	before_shmem_exit(duty_ends, (Datum) 0);
	pqsignal(SIGTERM, terminated);
	return true;
}

/*
 * The worker has a session.
 */
void
hooks_duty_connected(void)
{
	if (emit_log_hook == note_ending)
		emit_log_hook = prev_emit_log;
	SpinLockAcquire(&hooks_roster->mutex);
	mine->connected = true;
	SpinLockRelease(&hooks_roster->mutex);
}

/*
 * Has the worker been woken since it last looked?  retries is set if what
 * waits for a retry may be due earlier than was known.
 */
bool
hooks_duty_look(bool *retries)
{
	bool		wanted;

	SpinLockAcquire(&hooks_roster->mutex);
	wanted = mine->wanted;
	*retries |= mine->retries;
	mine->wanted = mine->retries = mine->idle = false;
	SpinLockRelease(&hooks_roster->mutex);
	return wanted;
}

/*
 * The worker is about to wait for its latch; false if it has been woken
 * meanwhile.  The latch need not tell: whatever the worker has waited for has
 * reset it.
 */
bool
hooks_duty_rest(void)
{
	bool		wanted;

	SpinLockAcquire(&hooks_roster->mutex);
	wanted = mine->wanted;
	mine->idle = !wanted;
	SpinLockRelease(&hooks_roster->mutex);
	return !wanted;
}

/* a timer: the worker is busy for long */
static void
worker_stalls(void)
{
	int			save_errno = errno;
	Latch	   *launcher = hooks_roster->launcher;

	mine->stalled = true;
	if (launcher != NULL)
		SetLatch(launcher);
	errno = save_errno;
}

/*
 * The worker begins to deliver something.  If that takes long, another one
 * sees to the other hooks of the owner, if there are several.
 */
void
hooks_duty_begin(bool several)
{
	if (!several)
		return;
	if (stall_timer == MAX_TIMEOUTS)
		stall_timer = RegisterTimeout(USER_TIMEOUT, worker_stalls);
	if (hooks_roster->launcher == NULL)
		hooks_process_wake_launcher();
	enable_timeout_after(stall_timer, STALL_LIMIT);
}

/*
 * Is there somebody for whom this worker is to make room?
 */
bool
hooks_duty_must_leave(void)
{
	HookWaitsFor waits;

	SpinLockAcquire(&hooks_roster->mutex);
	waits = hooks_roster_others(mine->database, mine->owner);
	SpinLockRelease(&hooks_roster->mutex);
	return waits != HOOK_WAITS_FOR_TIME;
}

/*
 * Has the worker had its place for long, and somebody waits for one?
 */
bool
hooks_duty_must_yield(void)
{
	return GetCurrentTimestamp() - mine->asked_at > LONGEST_DUTY &&
		hooks_duty_must_leave();
}

/*
 * The worker gives its place to somebody else, and waits for another one, as
 * it is not done.
 */
void
hooks_duty_yield(void)
{
	HookWorkerSlot *slot = mine;

	end_stall();
	mine = NULL;
	SpinLockAcquire(&hooks_roster->mutex);
	hooks_roster_request(slot->database, slot->owner, slot->stand_in,
						 GetCurrentTimestamp(), 0,
						 hooks_roster_others(slot->database, slot->owner));
	slot->database = InvalidOid;
	SpinLockRelease(&hooks_roster->mutex);
	hooks_process_wake_launcher();
}

/*
 * The worker gives its place back; false if it has been woken meanwhile.
 */
bool
hooks_duty_leave(void)
{
	HookWorkerSlot *slot = mine;
	Latch	   *launcher;

	SpinLockAcquire(&hooks_roster->mutex);
	if (slot->wanted)
	{
		SpinLockRelease(&hooks_roster->mutex);
		return false;
	}
	slot->database = InvalidOid;
	launcher = hooks_roster->launcher;
	SpinLockRelease(&hooks_roster->mutex);
	mine = NULL;
	if (launcher != NULL)
		SetLatch(launcher);
	return true;
}

/*
 * Does somebody wait, or is to be looked for, while no process was left for
 * the launcher?  That can be without preload.  Then a worker that has left
 * ends with 1, so that the postmaster starts it again, to be whatever is
 * needed.
 */
bool
hooks_duty_hands_over(void)
{
	bool		hands_over;

	SpinLockAcquire(&hooks_roster->mutex);
	hands_over = first_in_line() != NULL ||
		(hooks_roster->look_at != 0 && !is_launched());
	SpinLockRelease(&hooks_roster->mutex);
	return hands_over;
}

/*
 * The delivery that the worker is at, 0 for none: if the process ends before
 * the next call, that counts as its failure.
 */
void
hooks_duty_at(int64 delivery)
{
	mine->delivery = delivery;
	committed_together = 0;
	hooks_crash_at(Max(delivery, 0));
}

/*
 * It commits deliveries to a hook, of which this was the last.
 */
void
hooks_duty_commits(int64 hook_id, int deliveries, int64 last)
{
	if (deliveries == 1)
		hooks_duty_at(last);
	else if (deliveries > 1)
	{
		committed_together = deliveries;
		committed_hook = hook_id;
		hooks_crash_at_commit(hook_id, deliveries);
	}
}

/*
 * It has delivered that, and its transaction has committed.
 */
void
hooks_duty_end(void)
{
	end_stall();
	hooks_crash_at(0);
	mine->tries = 0;
	if (unlikely(hooks_roster->ndeaths > 0))
		hooks_death_forget(true);
	ConditionVariableBroadcast(&hooks_roster->delivered);
}

/*
 * It could not commit what it has delivered.
 */
void
hooks_duty_failed(void)
{
	end_stall();
	hooks_duty_at(0);
	if (unlikely(hooks_roster->ndeaths > 0))
		hooks_death_forget(false);
}
