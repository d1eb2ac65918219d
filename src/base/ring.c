/*
 * ring.c
 *		Failed statements in shared memory, until a worker tells hooks of them.
 *
 * A transaction that fails can write nothing.  What its statements' hooks are
 * to be told waits here: a fixed number of entries for all databases, each
 * with texts of bounded length.  Who finds no free one, nor one that has
 * waited for more than a minute, takes the newest of the owner of hooks that
 * has most of them, or gives up if that is its own owner: nobody keeps others
 * from being told by failures of its own.  Nobody waits.  The entries of an
 * owner are taken in the order in which they came.  A crash loses what is
 * here, and so does the end of the server.
 *
 * An entry that gives way is counted for its hook: here, as the hook may be of
 * another database, until somebody there asks.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/ring.h"

#define TRANCHE "hooks_failures"

/* how many statements can wait: 1.3 MB */
#define ENTRIES 256

/*
 * When an entry has to give way, in ms: its database or role may be gone, or
 * workers switched off
 */
#define MAX_AGE 60000

typedef struct RingEntry
{
	uint64		number;			/* order; 0: it is free */
	HookFailed	failed;
} RingEntry;

/* Entries of a hook that gave way */
typedef struct RingLoss
{
	Oid			database;		/* InvalidOid: free */
	Oid			definition;
	int64		entries;
} RingLoss;

typedef struct Ring
{
	LWLock	   *lock;			/* of all that follows */
	RingLoss	losses[ENTRIES];
	int64		other_losses;	/* for which there was no room */
	uint64		last_number;
	int			used;
	RingEntry	entries[ENTRIES];
} Ring;

/* set when the server starts, and inherited by all sessions; else NULL */
static Ring *ring = NULL;

static shmem_request_hook_type prev_request = NULL;
static shmem_startup_hook_type prev_startup = NULL;

static void
request_ring(void)
{
	if (prev_request)
		prev_request();
	RequestAddinShmemSpace(MAXALIGN(sizeof(Ring)));
	RequestNamedLWLockTranche(TRANCHE, 1);
}

static void
make_ring(void)
{
	bool		found;

	if (prev_startup)
		prev_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	ring = ShmemInitStruct("hooks failed statements", sizeof(Ring), &found);
	if (!found)
	{
		memset(ring, 0, sizeof(Ring));
		ring->lock = &GetNamedLWLockTranche(TRANCHE)->lock;
	}
	LWLockRelease(AddinShmemInitLock);
}

/*
 * Makes the ring, if the library is preloaded.  From _PG_init() only.
 */
void
hooks_ring_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	prev_request = shmem_request_hook;
	shmem_request_hook = request_ring;
	prev_startup = shmem_startup_hook;
	shmem_startup_hook = make_ring;
}

bool
hooks_ring_exists(void)
{
	return ring != NULL;
}

static bool
is_of_owner(const HookFailed *a, const HookFailed *b)
{
	return a->database == b->database && a->owner == b->owner;
}

/*
 * All entries are used: the newest one of the owner that has most of them;
 * NULL if "failed" is of that owner, or would be.
 */
static RingEntry *
find_most(const HookFailed *failed)
{
	int			counts[ENTRIES] = {0};	/* at the owner's first entry */
	RingEntry  *newest[ENTRIES];
	int			most = 0;
	int			own = 0;

	for (int i = 0; i < ENTRIES; i++)
	{
		RingEntry  *entry = &ring->entries[i];
		int			first = 0;

		while (first < i && (counts[first] == 0 ||
							 !is_of_owner(&ring->entries[first].failed,
										  &entry->failed)))
			first++;
		if (counts[first]++ == 0 || entry->number > newest[first]->number)
			newest[first] = entry;
		if (counts[first] > counts[most])
			most = first;
		if (is_of_owner(&entry->failed, failed))
			own = counts[first];
	}
	return counts[most] > own + 1 ? newest[most] : NULL;
}

/*
 * A free entry, or else the oldest one if nobody has come for it in time, or
 * one that is taken from another owner; NULL if there is none.
 */
static RingEntry *
find_room(const HookFailed *failed)
{
	RingEntry  *oldest = &ring->entries[0];

	for (int i = 0; i < ENTRIES; i++)
	{
		RingEntry  *entry = &ring->entries[i];

		if (entry->number == 0)
			return entry;
		if (entry->number < oldest->number)
			oldest = entry;
	}
	return TimestampDifferenceExceeds(oldest->failed.failed_at,
									  GetCurrentTimestamp(), MAX_AGE) ?
		oldest : find_most(failed);
}

/*
 * Counts that an entry gives way.
 */
static void
count_loss(const HookFailed *failed)
{
	RingLoss   *place = NULL;

	for (int i = 0; i < ENTRIES; i++)
	{
		RingLoss   *loss = &ring->losses[i];

		if (loss->database == failed->database &&
			loss->definition == failed->definition)
		{
			loss->entries++;
			return;
		}
		if (place == NULL && !OidIsValid(loss->database))
			place = loss;
	}
	if (place == NULL)
		ring->other_losses++;
	else
		*place = (RingLoss)
	{
		failed->database, failed->definition, 1
	};
}

/*
 * Takes what a hook of this database has lost; false if none has lost
 * anything.
 */
bool
hooks_ring_take_loss(Oid *definition, int64 *entries)
{
	bool		found = false;

	Assert(ring != NULL);
	LWLockAcquire(ring->lock, LW_EXCLUSIVE);
	for (int i = 0; i < ENTRIES && !found; i++)
	{
		RingLoss   *loss = &ring->losses[i];

		if (loss->database != MyDatabaseId)
			continue;
		found = true;
		*definition = loss->definition;
		*entries = loss->entries;
		loss->database = InvalidOid;
	}
	LWLockRelease(ring->lock);
	return found;
}

/*
 * How many entries gave way that could not be counted for their hooks.
 */
int64
hooks_ring_other_losses(void)
{
	int64		losses = 0;

	if (ring == NULL)
		return 0;
	LWLockAcquire(ring->lock, LW_SHARED);
	losses = ring->other_losses;
	LWLockRelease(ring->lock);
	return losses;
}

/*
 * Leaves a failed statement for a worker; false if there is no room.  Does not
 * throw.
 */
bool
hooks_ring_put(const HookFailed *failed)
{
	RingEntry  *entry;

	Assert(ring != NULL);
	LWLockAcquire(ring->lock, LW_EXCLUSIVE);
	entry = find_room(failed);
	if (entry != NULL)
	{
		if (entry->number == 0)
			ring->used++;
		else
			count_loss(&entry->failed);
		entry->failed = *failed;
		entry->number = ++ring->last_number;
	}
	LWLockRelease(ring->lock);
	return entry != NULL;
}

/*
 * Takes the oldest entry for hooks of this database and owner; false if there
 * is none.
 */
bool
hooks_ring_take(Oid owner, HookFailed *failed)
{
	RingEntry  *oldest = NULL;

	if (ring == NULL)
		return false;
	LWLockAcquire(ring->lock, LW_EXCLUSIVE);
	for (int i = 0; ring->used > 0 && i < ENTRIES; i++)
	{
		RingEntry  *entry = &ring->entries[i];

		if (entry->number != 0 && entry->failed.database == MyDatabaseId &&
			entry->failed.owner == owner &&
			(oldest == NULL || entry->number < oldest->number))
			oldest = entry;
	}
	if (oldest != NULL)
	{
		*failed = oldest->failed;
		failed->number = oldest->number;
		oldest->number = 0;
		ring->used--;
	}
	LWLockRelease(ring->lock);
	return oldest != NULL;
}
