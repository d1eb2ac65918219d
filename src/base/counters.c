/*
 * counters.c
 *		Where sessions add up what they have counted of each hook.
 *
 * There are three places.  Where the library is preloaded and the server takes
 * statistics of extensions (18 and later), it is PostgreSQL's own cumulative
 * statistics (cumulative.c); in older servers a table of fixed size in shared
 * memory, which is here.  Where the library is not preloaded, each session has
 * no more than its own.
 *
 * The table: entries are found and added under a lock, which who only changes
 * one takes in shared mode; each has a spinlock for its counters.  Hooks that
 * find no place are not counted; how often that was, is.  The table's
 * functions do not throw: counters are passed on when a transaction has ended.
 */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "storage/spin.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/counters.h"
#include "base/cumulative.h"

#define TRANCHE "hooks_statistics"

typedef struct SharedKey
{
	Oid			database;
	Oid			definition;
} SharedKey;

/* an entry of the table */
typedef struct SharedCounters
{
	SharedKey	key;			/* must be first */
	slock_t		mutex;			/* of what follows */
	HookCounters counters;
	TimestampTz since;
} SharedCounters;

/* what is there once */
typedef struct SharedState
{
	LWLock	   *lock;			/* of the table */
	pg_atomic_uint64 lost;		/* how often there was no place for a hook */
} SharedState;

/* set when the server starts, and inherited by all sessions; else NULL */
static SharedState *state = NULL;
static HTAB *table = NULL;

/* PostgreSQL's own statistics are used; set when the server starts */
static bool cumulative = false;

/* how many hooks the table has room for; set when the server starts */
static int	max_hooks = 10000;

static shmem_request_hook_type prev_shmem_request = NULL;
static shmem_startup_hook_type prev_shmem_startup = NULL;

static void
request_table(void)
{
	if (prev_shmem_request)
		prev_shmem_request();
	RequestAddinShmemSpace(MAXALIGN(sizeof(SharedState)));
	RequestAddinShmemSpace(hash_estimate_size(max_hooks,
											  sizeof(SharedCounters)));
	RequestNamedLWLockTranche(TRANCHE, 1);
}

static void
make_table(void)
{
	HASHCTL		info = {0};
	bool		found;

	if (prev_shmem_startup)
		prev_shmem_startup();
	info.keysize = sizeof(SharedKey);
	info.entrysize = sizeof(SharedCounters);
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	state = ShmemInitStruct("hooks statistics", sizeof(SharedState), &found);
	if (!found)
	{
		state->lock = &GetNamedLWLockTranche(TRANCHE)->lock;
		pg_atomic_init_u64(&state->lost, 0);
	}
	table = hooks_shmem_hash("hooks statistics of hooks", max_hooks, &info,
							 HASH_ELEM | HASH_BLOBS | HASH_FIXED_SIZE);
	LWLockRelease(AddinShmemInitLock);
}

/*
 * Makes the place where sessions add up.  From _PG_init() only.
 */
void
hooks_counters_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	cumulative = hooks_cumulative_init();
	if (cumulative)
		return;
	DefineCustomIntVariable("hooks.max_stats",
							"How many hooks of all databases hooks.stats can count.",
							NULL,
							&max_hooks, 10000, 100, INT_MAX / 1024,
							PGC_POSTMASTER, 0, NULL, NULL, NULL);
	prev_shmem_request = shmem_request_hook;
	shmem_request_hook = request_table;
	prev_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = make_table;
}

/*
 * Do sessions share counters?
 */
bool
hooks_counters_are_shared(void)
{
	return cumulative || table != NULL;
}

/*
 * Something will be counted in a tally.  This may throw, so that
 * hooks_counters_pass_on() need not.
 */
void
hooks_counters_announce(HookTally *tally)
{
	if (cumulative && !tally->announced)
	{
		hooks_cumulative_announce(tally);
		tally->announced = true;
	}
}

/*
 * A transaction ends that has used a tally.  PostgreSQL asks for its own when
 * it is time.
 */
void
hooks_counters_end_transaction(HookTally *tally)
{
	if (table != NULL)
		hooks_counters_pass_on(tally);
}

/*
 * Adds counters to others.
 */
void
hooks_counters_merge(HookCounters *counters, const HookCounters *more)
{
	counters->calls += more->calls;
	counters->failures += more->failures;
	counters->vetoes += more->vetoes;
	counters->rows += more->rows;
	counters->bypassed += more->bypassed;
	counters->timed += more->timed;
	counters->total_time += more->total_time;
	counters->max_time = Max(counters->max_time, more->max_time);
}

static bool
counts_nothing(const HookCounters *counters)
{
	return counters->calls == 0 && counters->bypassed == 0;
}

/*
 * The entry of a hook of this database, with the lock held, NULL if there is
 * none.
 */
static SharedCounters *
find_entry(Oid definition)
{
	SharedKey	key = {MyDatabaseId, definition};

	Assert(LWLockHeldByMe(state->lock));
	return hash_search(table, &key, HASH_FIND, NULL);
}

/*
 * The same, made if need be; NULL if there is no place for it.
 */
static SharedCounters *
enter_entry(Oid definition, TimestampTz since)
{
	SharedKey	key = {MyDatabaseId, definition};
	SharedCounters *entry;
	bool		found;

	Assert(LWLockHeldByMeInMode(state->lock, LW_EXCLUSIVE));
	entry = hash_search(table, &key, HASH_ENTER_NULL, &found);
	if (entry == NULL)
		pg_atomic_fetch_add_u64(&state->lost, 1);
	else if (!found)
	{
		SpinLockInit(&entry->mutex);
		memset(&entry->counters, 0, sizeof(HookCounters));
		entry->since = since;
	}
	return entry;
}

/*
 * Passes on what a tally has counted, so that all sessions can see it.
 */
void
hooks_counters_pass_on(HookTally *tally)
{
	SharedCounters *entry;

	Assert(hooks_counters_are_shared());
	if (counts_nothing(&tally->counters))
		return;
	if (cumulative)
	{
		hooks_cumulative_pass_on(tally);
		return;
	}
	LWLockAcquire(state->lock, LW_SHARED);
	entry = find_entry(tally->definition);
	if (entry == NULL)
	{
		LWLockRelease(state->lock);
		LWLockAcquire(state->lock, LW_EXCLUSIVE);
		entry = enter_entry(tally->definition, tally->since);
	}
	if (entry != NULL)
	{
		SpinLockAcquire(&entry->mutex);
		hooks_counters_merge(&entry->counters, &tally->counters);
		SpinLockRelease(&entry->mutex);
	}
	LWLockRelease(state->lock);
	memset(&tally->counters, 0, sizeof(HookCounters));
}

/*
 * What all sessions have counted of a hook of this database; false if nothing.
 */
bool
hooks_counters_read(Oid definition, HookCounters *counters, TimestampTz *since)
{
	SharedCounters *entry;

	Assert(hooks_counters_are_shared());
	if (cumulative)
		return hooks_cumulative_read(definition, counters, since);
	LWLockAcquire(state->lock, LW_SHARED);
	entry = find_entry(definition);
	if (entry != NULL)
	{
		SpinLockAcquire(&entry->mutex);
		*counters = entry->counters;
		*since = entry->since;
		SpinLockRelease(&entry->mutex);
	}
	LWLockRelease(state->lock);
	return entry != NULL;
}

/*
 * Sets what was counted of a hook of this database to 0.
 */
void
hooks_counters_reset(Oid definition)
{
	TimestampTz now = GetCurrentTimestamp();
	SharedCounters *entry;

	Assert(hooks_counters_are_shared());
	if (cumulative)
	{
		hooks_cumulative_reset(definition);
		return;
	}
	LWLockAcquire(state->lock, LW_SHARED);
	entry = find_entry(definition);
	if (entry != NULL)
	{
		SpinLockAcquire(&entry->mutex);
		memset(&entry->counters, 0, sizeof(HookCounters));
		entry->since = now;
		SpinLockRelease(&entry->mutex);
	}
	LWLockRelease(state->lock);
}

/*
 * Gives back the place of a definition of this database that is gone.
 */
void
hooks_counters_forget(Oid definition)
{
	SharedKey	key = {MyDatabaseId, definition};

	Assert(hooks_counters_are_shared());
	if (cumulative)
	{
		hooks_cumulative_forget(definition);
		return;
	}
	LWLockAcquire(state->lock, LW_EXCLUSIVE);
	(void) hash_search(table, &key, HASH_REMOVE, NULL);
	LWLockRelease(state->lock);
}

/*
 * Gives back all places of a database that is gone.  PostgreSQL does it for
 * its own statistics.
 */
void
hooks_counters_forget_database(Oid database)
{
	HASH_SEQ_STATUS status;
	SharedCounters *entry;

	if (table == NULL)
		return;
	LWLockAcquire(state->lock, LW_EXCLUSIVE);
	hash_seq_init(&status, table);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (entry->key.database == database)
			(void) hash_search(table, &entry->key, HASH_REMOVE, NULL);
	}
	LWLockRelease(state->lock);
}

/*
 * How often something was not counted because there was no place for the hook.
 */
int64
hooks_counters_lost(void)
{
	return state == NULL ? 0 : (int64) pg_atomic_read_u64(&state->lost);
}
