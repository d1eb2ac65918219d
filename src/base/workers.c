/*
 * workers.c
 *		Which workers there are, in shared memory: to wake them, or start them.
 *
 * A worker delivers what waits for the hooks of one owner in one database.
 * Who commits such an event sets the latch of one that is idle; if there is
 * none, a slot is taken and the postmaster asked for a process, which finds
 * its slot when it starts.  What cannot be started now is a request: the
 * launcher, a process without a database, starts it when there is room, or it
 * is time.
 *
 * Nothing is lost between a worker that leaves and somebody who wakes it: both
 * look at the slot under the lock.  Nobody waits here: the lock is a spinlock,
 * under which nothing but these arrays is read and written.
 *
 * All of it is in shared memory that a session finds without preload
 * (shared.c).  If there is no room, no worker is ever started; sessions are
 * told once.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/condition_variable.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/spin.h"
#include "utils/syscache.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/compat.h"
#include "base/settings.h"
#include "base/shared.h"
#include "base/workers.h"

#define WORKERS		64			/* in the server; of one database: see below */
#define REQUESTS	128
#define DEATHS		32

/* who was asked for, and does not come within that time, will not come */
#define START_LIMIT	(30 * USECS_PER_SEC)

/* who is busy for so many milliseconds is stalled */
#define STALL_LIMIT	100

/* how often a worker that cannot start is asked for again */
#define MAX_TRIES	6

/* A worker, from when it is asked for until it leaves */
typedef struct WorkerSlot
{
	Oid			database;		/* InvalidOid: free */
	Oid			owner;
	bool		stand_in;		/* see workers.h */
	int			tries;			/* that failed in a row */
	TimestampTz asked_at;
	Latch	   *latch;			/* NULL: not there yet */
	bool		connected;
	bool		wanted;			/* something was committed since it looked */
	bool		retries;		/* look at what waits for a retry, too */
	bool		idle;
	volatile sig_atomic_t stalled;	/* busy for long, and has other hooks */
	int64		delivery;		/* that it is at; 0 for none; less than 0: of
								 * a failed statement, told once only */
} WorkerSlot;

/* Somebody for whom a worker is to start */
typedef struct WorkerRequest
{
	Oid			database;		/* InvalidOid: free */
	Oid			owner;
	bool		stand_in;
	int			tries;
	bool		full;			/* waits for another worker to leave */
	TimestampTz at;
} WorkerRequest;

/* A delivery that ended its worker */
typedef struct WorkerDeath
{
	Oid			database;		/* InvalidOid: free */
	int64		delivery;
	int			told_by;		/* the process that has written that down */
} WorkerDeath;

typedef struct Workers
{
	slock_t		mutex;
	ConditionVariable delivered;	/* of who waits for a delivery */
	Latch	   *volatile launcher;	/* NULL: not there */
	TimestampTz launcher_asked_at;
	WorkerSlot	workers[WORKERS];
	WorkerRequest requests[REQUESTS];
	WorkerDeath deaths[DEATHS];
	int			ndeaths;
} Workers;

/* NULL until asked for; then valid to the end of the session */
static Workers *shared = NULL;

/* this worker's own slot, NULL in other processes */
static WorkerSlot *mine = NULL;

/* registered on first use; MAX_TIMEOUTS before that */
static TimeoutId stall_timer = MAX_TIMEOUTS;

static void
init_shared(void *area)
{
	Workers    *workers = area;

	memset(workers, 0, sizeof(Workers));
	SpinLockInit(&workers->mutex);
	ConditionVariableInit(&workers->delivered);
}

static bool
attach_workers(void)
{
	if (shared == NULL)
		shared = hooks_shared_get("hooks workers", sizeof(Workers),
								  init_shared);
	return shared != NULL;
}

/*
 * What the postmaster is told of a process.  On a standby it starts none.
 */
static void
fill_worker(BackgroundWorker *worker, const char *name, const char *function,
			int flags)
{
	memset(worker, 0, sizeof(BackgroundWorker));
	strlcpy(worker->bgw_name, name, BGW_MAXLEN);
	strlcpy(worker->bgw_type, name, BGW_MAXLEN);
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS | flags;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker->bgw_library_name, "hooks", BGW_MAXLEN);
	strlcpy(worker->bgw_function_name, function, BGW_MAXLEN);
}

/*
 * Asks the postmaster for a process; false if max_worker_processes does not
 * allow it.  Whoever wants a handle waits for the process.
 */
static bool
start_process(const char *name, const char *function, int flags,
			  const HookWorkerTask *task, BackgroundWorkerHandle **handle)
{
	BackgroundWorker worker;

	fill_worker(&worker, name, function, flags);
	StaticAssertStmt(sizeof(HookWorkerTask) <= BGW_EXTRALEN,
					 "a worker's task must fit");
	if (task != NULL)
		memcpy(worker.bgw_extra, task, sizeof(HookWorkerTask));
	if (handle != NULL)
		worker.bgw_notify_pid = MyProcPid;
	return RegisterDynamicBackgroundWorker(&worker, handle);
}

/*
 * Starts the launcher, or wakes it.
 */
static void
wake_launcher(void)
{
	TimestampTz now = GetCurrentTimestamp();
	Latch	   *latch;
	bool		start;

	SpinLockAcquire(&shared->mutex);
	latch = shared->launcher;
	start = latch == NULL && now - shared->launcher_asked_at > START_LIMIT;
	if (start)
		shared->launcher_asked_at = now;
	SpinLockRelease(&shared->mutex);
	if (latch != NULL && latch != MyLatch)
		SetLatch(latch);
	if (start && !start_process("hooks launcher", "hooks_launcher_main", 0,
								NULL, NULL))
	{
		SpinLockAcquire(&shared->mutex);
		shared->launcher_asked_at = 0;
		SpinLockRelease(&shared->mutex);
	}
}

/*
 * Notes under the lock that a worker is to start.  If there is no room for
 * that, a request that is far from due makes way.
 */
static void
add_request(Oid database, Oid owner, bool stand_in, TimestampTz at, int tries,
			bool full)
{
	WorkerRequest *place = NULL;

	for (int i = 0; i < REQUESTS; i++)
	{
		WorkerRequest *request = &shared->requests[i];

		if (request->database == database && request->owner == owner)
		{
			request->at = Min(request->at, at);
			request->full |= full;
			request->stand_in |= stand_in;
			return;
		}
		if (!OidIsValid(request->database))
		{
			if (place == NULL || OidIsValid(place->database))
				place = request;
		}
		else if (place == NULL ||
				 (OidIsValid(place->database) && request->at > place->at))
			place = request;
	}
	*place = (WorkerRequest)
	{
		database, owner, stand_in, tries, full, at
	};
}

/*
 * Takes a slot under the lock.  NULL if there is none, or the database has as
 * many workers as it may, which "full" tells; or if the owner has one and half
 * of the places are taken: they are for others, whatever the owner's callbacks
 * are busy with.
 */
static WorkerSlot *
take_slot(Oid database, Oid owner, bool stand_in, int tries, TimestampTz now,
		  bool *full)
{
	WorkerSlot *free = NULL;
	int			n = 0;
	bool		another = false;

	for (int i = 0; i < WORKERS; i++)
	{
		WorkerSlot *slot = &shared->workers[i];

		/* Its process was never started, or did not come so far */
		if (OidIsValid(slot->database) && slot->latch == NULL &&
			now - slot->asked_at > START_LIMIT)
			slot->database = InvalidOid;
		if (!OidIsValid(slot->database))
			free = slot;
		else if (slot->database == database)
		{
			n++;
			another |= slot->owner == owner;
		}
	}
	*full = free == NULL || n >= hooks_max_workers;
	if (*full || (another && 2 * n >= hooks_max_workers))
		return NULL;
	memset(free, 0, sizeof(WorkerSlot));
	free->database = database;
	free->owner = owner;
	free->stand_in = stand_in;
	free->tries = tries;
	free->asked_at = now;
	free->retries = true;
	return free;
}

/*
 * Starts a worker in a slot that was taken; if that cannot be, there is a
 * request in its place.
 */
static void
start_worker(WorkerSlot *slot)
{
	HookWorkerTask task =
	{slot - shared->workers, slot->database, slot->owner, slot->stand_in};

	if (start_process("hooks worker", "hooks_worker_main",
					  BGWORKER_BACKEND_DATABASE_CONNECTION |
					  HOOKS_BGWORKER_INTERRUPTIBLE, &task, NULL))
		return;
	SpinLockAcquire(&shared->mutex);
	add_request(task.database, task.owner, task.stand_in,
				GetCurrentTimestamp() + USECS_PER_SEC, slot->tries, false);
	slot->database = InvalidOid;
	SpinLockRelease(&shared->mutex);
	wake_launcher();
}

/*
 * The worker that is to be woken for an owner, under the lock: an idle one if
 * there is any; NULL if all are stalled, or there is none.
 */
static WorkerSlot *
find_worker(Oid database, Oid owner, TimestampTz now)
{
	WorkerSlot *found = NULL;

	for (int i = 0; i < WORKERS; i++)
	{
		WorkerSlot *slot = &shared->workers[i];

		if (slot->database != database || slot->owner != owner ||
			slot->stalled)
			continue;
		if (slot->latch == NULL && now - slot->asked_at > START_LIMIT)
			continue;
		if (found == NULL || slot->idle)
			found = slot;
	}
	return found;
}

/*
 * Tells idle workers of a database to make room, under the lock.
 */
static Latch *
find_idle(Oid database)
{
	for (int i = 0; i < WORKERS; i++)
	{
		WorkerSlot *slot = &shared->workers[i];

		if (slot->database == database && slot->idle && slot->latch != NULL)
			return slot->latch;
	}
	return NULL;
}

static void
wake(Oid database, Oid owner, bool stand_in, int tries, bool retries)
{
	TimestampTz now = GetCurrentTimestamp();
	WorkerSlot *slot;
	WorkerSlot *taken = NULL;
	Latch	   *latch = NULL;
	bool		full;
	bool		waits = false;

	SpinLockAcquire(&shared->mutex);
	slot = find_worker(database, owner, now);
	if (slot != NULL)
	{
		slot->wanted = true;
		slot->retries |= retries;
		latch = slot->latch;
	}
	else if ((taken = take_slot(database, owner, stand_in, tries, now,
								&full)) == NULL)
	{
		add_request(database, owner, stand_in,
					full ? now : now + USECS_PER_SEC, tries, full);
		latch = full ? find_idle(database) : NULL;
		waits = true;
	}
	SpinLockRelease(&shared->mutex);
	if (latch != NULL)
		SetLatch(latch);
	if (taken != NULL)
		start_worker(taken);
	if (waits)
		wake_launcher();
}

/*
 * Does a worker have to stand in for this role, as it cannot log in?
 */
bool
hooks_workers_stand_in(Oid owner)
{
	HeapTuple	tuple;
	bool		login = true;

	if (HOOKS_BGWORKER_ANY_ROLE != 0)
		return false;
	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(owner));
	if (HeapTupleIsValid(tuple))
	{
		login = ((Form_pg_authid) GETSTRUCT(tuple))->rolcanlogin;
		ReleaseSysCache(tuple);
	}
	return !login;
}

/*
 * Wakes a worker for the hooks of an owner, or starts one; "retries": for what
 * waits for a retry, too.  Never throws, as it is called when a transaction
 * has committed.
 */
void
hooks_workers_wake(Oid database, Oid owner, bool stand_in, bool retries)
{
	if (hooks_workers && attach_workers() && !RecoveryInProgress())
		wake(database, owner, stand_in, 0, retries);
}

/*
 * Has a worker started for an owner at a time.
 */
void
hooks_workers_request(Oid database, Oid owner, bool stand_in, TimestampTz at)
{
	if (!attach_workers())
		return;
	SpinLockAcquire(&shared->mutex);
	add_request(database, owner, stand_in, at, 0, false);
	SpinLockRelease(&shared->mutex);
	wake_launcher();
}

/*
 * For who waits until something is delivered: prepare, look, wait, look again
 * and so on, end.  True: nothing was, for so many milliseconds.
 */
void
hooks_workers_prepare_to_wait(void)
{
	if (!attach_workers())
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("no shared memory is left for the workers of hooks"),
				 errhint("Add hooks to \"shared_preload_libraries\" and restart the server.")));
	ConditionVariablePrepareToSleep(&shared->delivered);
}

bool
hooks_workers_wait(long ms)
{
	return ConditionVariableTimedSleep(&shared->delivered, ms,
									   PG_WAIT_EXTENSION);
}

void
hooks_workers_end_wait(void)
{
	ConditionVariableCancelSleep();
}

/*
 * Before mine becomes NULL, as the timer sets something in it.
 */
static void
end_stall(void)
{
	if (stall_timer != MAX_TIMEOUTS)
		disable_timeout(stall_timer, false);
	mine->stalled = false;
}

/*
 * Notes under the lock that a delivery has ended its worker.  If there is no
 * room, one makes way: the delivery, its hook or database may be gone.
 */
static void
add_death(Oid database, int64 delivery)
{
	WorkerDeath *place = &shared->deaths[0];

	for (int i = 0; i < DEATHS && OidIsValid(place->database); i++)
		if (!OidIsValid(shared->deaths[i].database))
			place = &shared->deaths[i];
	if (!OidIsValid(place->database))
		shared->ndeaths++;
	*place = (WorkerDeath)
	{
		database, delivery, 0
	};
}

/*
 * The slot goes when the process does, however that comes.  Who leaves in an
 * orderly way has none any more.  Else what was to be done is still to be
 * done; and if that was in a callback, the next worker counts it as its
 * failure.
 */
static void
worker_exits(int code, Datum arg)
{
	WorkerSlot *slot = mine;
	bool		again;
	Oid			database;

	if (slot == NULL)
		return;
	end_stall();
	mine = NULL;
	SpinLockAcquire(&shared->mutex);
	database = slot->database;
	if (slot->delivery > 0)
		add_death(database, slot->delivery);
	again = slot->connected || slot->tries < MAX_TRIES;
	if (again)
		add_request(database, slot->owner,
					slot->stand_in ||
					(!slot->connected && HOOKS_BGWORKER_ANY_ROLE == 0),
					GetCurrentTimestamp() +
					(USECS_PER_SEC << Min(slot->tries, MAX_TRIES)),
					slot->tries + 1, false);
	slot->database = InvalidOid;
	SpinLockRelease(&shared->mutex);
	/* also for who waits for a place */
	wake_launcher();
}

/*
 * A worker takes its place; it is not started twice for one slot.
 */
void
hooks_workers_enter(const HookWorkerTask *task)
{
	WorkerSlot *slot;
	bool		ours;

	if (!attach_workers())
		proc_exit(0);
	Assert(task->slot >= 0 && task->slot < WORKERS);
	slot = &shared->workers[task->slot];
	SpinLockAcquire(&shared->mutex);
	ours = slot->database == task->database && slot->owner == task->owner &&
		slot->latch == NULL;
	if (ours)
		slot->latch = MyLatch;
	SpinLockRelease(&shared->mutex);
	if (!ours)
		proc_exit(0);
	mine = slot;
	before_shmem_exit(worker_exits, (Datum) 0);
}

/*
 * The worker has a session.
 */
void
hooks_workers_connected(void)
{
	SpinLockAcquire(&shared->mutex);
	mine->connected = true;
	SpinLockRelease(&shared->mutex);
}

/*
 * Has the worker been woken since it last looked?  retries is set if what
 * waits for a retry may be due earlier than was known.
 */
bool
hooks_workers_look(bool *retries)
{
	bool		wanted;

	SpinLockAcquire(&shared->mutex);
	wanted = mine->wanted;
	*retries |= mine->retries;
	mine->wanted = mine->retries = mine->idle = false;
	SpinLockRelease(&shared->mutex);
	return wanted;
}

/*
 * The worker is about to wait for its latch; false if it has been woken
 * meanwhile.  The latch need not tell: whatever the worker has waited for has
 * reset it.
 */
bool
hooks_workers_rest(void)
{
	bool		wanted;

	SpinLockAcquire(&shared->mutex);
	wanted = mine->wanted;
	mine->idle = !wanted;
	SpinLockRelease(&shared->mutex);
	return !wanted;
}

/* a timer: the worker is busy for long */
static void
worker_stalls(void)
{
	int			save_errno = errno;
	Latch	   *launcher = shared->launcher;

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
hooks_workers_begin(bool several)
{
	if (!several)
		return;
	if (stall_timer == MAX_TIMEOUTS)
		stall_timer = RegisterTimeout(USER_TIMEOUT, worker_stalls);
	if (shared->launcher == NULL)
		wake_launcher();
	enable_timeout_after(stall_timer, STALL_LIMIT);
}

/*
 * Is there somebody for whom a worker of this database is to make room?
 */
bool
hooks_workers_must_leave(void)
{
	bool		found = false;

	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < REQUESTS; i++)
		found |= shared->requests[i].full &&
			shared->requests[i].database == mine->database &&
			shared->requests[i].owner != mine->owner;
	SpinLockRelease(&shared->mutex);
	return found;
}

/*
 * The worker gives its place back; false if it has been woken meanwhile.
 */
bool
hooks_workers_leave(void)
{
	WorkerSlot *slot = mine;
	Latch	   *launcher;

	SpinLockAcquire(&shared->mutex);
	if (slot->wanted)
	{
		SpinLockRelease(&shared->mutex);
		return false;
	}
	slot->database = InvalidOid;
	launcher = shared->launcher;
	SpinLockRelease(&shared->mutex);
	mine = NULL;
	if (launcher != NULL)
		SetLatch(launcher);
	return true;
}

/*
 * The delivery that the worker is at, 0 for none: if the process ends before
 * the next call, that counts as its failure.
 */
void
hooks_workers_at(int64 delivery)
{
	mine->delivery = delivery;
}

/*
 * Has a worker of this database ended in a delivery?  Who asks writes down
 * that it has, in the transaction that hooks_workers_end() ends.
 */
bool
hooks_workers_died_at(int64 delivery)
{
	bool		found = false;

	if (likely(shared->ndeaths == 0))
		return false;
	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < DEATHS; i++)
	{
		WorkerDeath *death = &shared->deaths[i];

		if (death->database == MyDatabaseId && death->delivery == delivery)
		{
			death->told_by = MyProcPid;
			found = true;
		}
	}
	SpinLockRelease(&shared->mutex);
	return found;
}

/*
 * Forgets the deaths that this process has written down, or if it was not
 * written after all, that it has.
 */
static void
forget_deaths(bool written)
{
	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < DEATHS; i++)
	{
		WorkerDeath *death = &shared->deaths[i];

		if (!OidIsValid(death->database) || death->told_by != MyProcPid)
			continue;
		death->told_by = 0;
		if (written)
		{
			death->database = InvalidOid;
			shared->ndeaths--;
		}
	}
	SpinLockRelease(&shared->mutex);
}

/*
 * It has delivered that, and its transaction has committed.
 */
void
hooks_workers_end(void)
{
	end_stall();
	mine->tries = 0;
	if (unlikely(shared->ndeaths > 0))
		forget_deaths(true);
	ConditionVariableBroadcast(&shared->delivered);
}

/*
 * It could not commit what it has delivered.
 */
void
hooks_workers_failed(void)
{
	end_stall();
	mine->delivery = 0;
	if (unlikely(shared->ndeaths > 0))
		forget_deaths(false);
}

static void
launcher_exits(int code, Datum arg)
{
	SpinLockAcquire(&shared->mutex);
	if (shared->launcher == MyLatch)
	{
		shared->launcher = NULL;
		shared->launcher_asked_at = 0;
	}
	SpinLockRelease(&shared->mutex);
}

/*
 * The launcher takes its place; false if there is one already.
 */
bool
hooks_workers_launcher_enter(void)
{
	bool		free;

	if (!attach_workers())
		return false;
	SpinLockAcquire(&shared->mutex);
	free = shared->launcher == NULL;
	if (free)
		shared->launcher = MyLatch;
	SpinLockRelease(&shared->mutex);
	if (free)
		before_shmem_exit(launcher_exits, (Datum) 0);
	return free;
}

/*
 * Takes one request that is due; false if there is none.  "done" has a bit for
 * each place that was looked at before.
 */
static bool
take_request(WorkerRequest *request, bool *done, TimestampTz now)
{
	bool		found = false;

	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < REQUESTS && !found; i++)
	{
		WorkerRequest *place = &shared->requests[i];

		if (done[i] || !OidIsValid(place->database) || place->at > now)
			continue;
		found = done[i] = true;
		*request = *place;
		place->database = InvalidOid;
		place->full = false;
	}
	SpinLockRelease(&shared->mutex);
	return found;
}

/*
 * Starts whom it is time for, and others in place of those who are stalled.
 * Returns in how many milliseconds to do so again, -1: when the latch is set.
 */
long
hooks_workers_launch(void)
{
	bool		done[REQUESTS] = {false};
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz next = PG_INT64_MAX;
	WorkerRequest request;

	while (take_request(&request, done, now))
	{
		CHECK_FOR_INTERRUPTS();
		wake(request.database, request.owner, request.stand_in,
			 request.tries, true);
	}
	for (int i = 0; i < WORKERS; i++)
	{
		WorkerSlot	slot;
		bool		alone;

		SpinLockAcquire(&shared->mutex);
		slot = shared->workers[i];
		alone = OidIsValid(slot.database) && slot.stalled &&
			find_worker(slot.database, slot.owner, now) == NULL;
		SpinLockRelease(&shared->mutex);
		if (alone)
			wake(slot.database, slot.owner, slot.stand_in, 0, false);
	}

	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < REQUESTS; i++)
		if (OidIsValid(shared->requests[i].database) &&
			!shared->requests[i].full)
			next = Min(next, shared->requests[i].at);
	SpinLockRelease(&shared->mutex);
	return next == PG_INT64_MAX ? -1 :
		TimestampDifferenceMilliseconds(GetCurrentTimestamp(), next);
}

/*
 * The launcher gives its place back if there is neither a worker nor a
 * request.
 */
bool
hooks_workers_launcher_leave(void)
{
	bool		leaves = true;

	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < WORKERS; i++)
		leaves &= !OidIsValid(shared->workers[i].database);
	for (int i = 0; i < REQUESTS; i++)
		leaves &= !OidIsValid(shared->requests[i].database);
	if (leaves)
	{
		shared->launcher = NULL;
		shared->launcher_asked_at = 0;
	}
	SpinLockRelease(&shared->mutex);
	return leaves;
}

/*
 * Starts a process that looks who has work in a database, and waits until it
 * has; false if it could not be started.
 */
bool
hooks_workers_scout(Oid database)
{
	HookWorkerTask task = {-1, database, InvalidOid};
	BackgroundWorkerHandle *handle;

	if (!start_process("hooks worker", "hooks_worker_main",
					   BGWORKER_BACKEND_DATABASE_CONNECTION |
					   HOOKS_BGWORKER_INTERRUPTIBLE, &task, &handle))
		return false;
	(void) WaitForBackgroundWorkerShutdown(handle);
	pfree(handle);
	return true;
}

/*
 * With preload the postmaster starts the launcher, and starts it again.  From
 * _PG_init() only.
 */
void
hooks_workers_init(void)
{
	BackgroundWorker worker;

	if (!process_shared_preload_libraries_in_progress)
		return;
	fill_worker(&worker, "hooks launcher", "hooks_launcher_main",
				BGWORKER_BACKEND_DATABASE_CONNECTION);
	worker.bgw_restart_time = 5;
	worker.bgw_main_arg = BoolGetDatum(true);
	RegisterBackgroundWorker(&worker);
}
