/*
 * buckets.c
 *		Token buckets in shared memory.
 *
 * A bucket holds a number of tokens at most, and gets new ones at a constant
 * rate.  There is one for each hook and subject, such as a role, that has
 * taken a token lately.  A bucket that is full again tells nothing that is
 * not known without it.
 *
 * The buckets are in a fixed number of rows.  Which row a bucket is in is told
 * by its key, and each row has a lock of its own, which is held for as long as
 * it takes to look through the row.  If a row has no free place, the bucket
 * with the largest part of its tokens gives way: a full one if there is one,
 * which loses nothing.  So who makes many new subjects up, to get rid of an
 * empty bucket, gets rid of these.  If none is full, it is one of the owner of
 * hooks that has most of them in the row: nobody gets rid of the buckets of
 * another owner's hook by hooks of its own, whose buckets are emptier.
 *
 * Time is that of the machine's monotonic clock, which nobody can set.  What
 * was taken stays taken, whatever becomes of the transaction.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "storage/spin.h"

#include "base/buckets.h"

#define BUCKET_ROWS		1024	/* with the next one 0.8 MB */
#define BUCKETS_A_ROW	16

/* what rounding may leave of a whole token */
#define NEARLY	1e-6

typedef struct BucketKey
{
	Oid			database;		/* InvalidOid: the place is free */
	Oid			definition;		/* of the hook */
	uint64		subject;
} BucketKey;

typedef struct Bucket
{
	BucketKey	key;
	Oid			owner;			/* of the hook */
	double		tokens;			/* at that time: */
	double		at;				/* in seconds */
	double		capacity;
	double		rate;			/* tokens a second */
} Bucket;

typedef struct BucketRow
{
	slock_t		mutex;
	Bucket		buckets[BUCKETS_A_ROW];
} BucketRow;

/* set when the server starts, and inherited by all sessions; else NULL */
static BucketRow *bucket_rows = NULL;

static shmem_request_hook_type prev_buckets_request = NULL;
static shmem_startup_hook_type prev_buckets_startup = NULL;

static void
request_buckets(void)
{
	if (prev_buckets_request)
		prev_buckets_request();
	RequestAddinShmemSpace(sizeof(BucketRow) * BUCKET_ROWS);
}

static void
make_buckets(void)
{
	bool		found;

	if (prev_buckets_startup)
		prev_buckets_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	bucket_rows = ShmemInitStruct("hooks token buckets",
								  sizeof(BucketRow) * BUCKET_ROWS, &found);
	if (!found)
	{
		memset(bucket_rows, 0, sizeof(BucketRow) * BUCKET_ROWS);
		for (int i = 0; i < BUCKET_ROWS; i++)
			SpinLockInit(&bucket_rows[i].mutex);
	}
	LWLockRelease(AddinShmemInitLock);
}

/*
 * Makes the buckets, if the library is preloaded.  From _PG_init() only.
 */
void
hooks_buckets_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	prev_buckets_request = shmem_request_hook;
	shmem_request_hook = request_buckets;
	prev_buckets_startup = shmem_startup_hook;
	shmem_startup_hook = make_buckets;
}

bool
hooks_buckets_exist(void)
{
	return bucket_rows != NULL;
}

static bool
is_of(const Bucket *bucket, const BucketKey *key)
{
	return bucket->key.database == key->database &&
		bucket->key.definition == key->definition &&
		bucket->key.subject == key->subject;
}

static double
tokens_now(const Bucket *bucket, double now)
{
	return Min(bucket->capacity,
			   bucket->tokens + Max(now - bucket->at, 0) * bucket->rate);
}

/*
 * How many buckets of a row belong to the hooks of one owner.
 */
static int
count_buckets(const BucketRow *row, Oid owner)
{
	int			n = 0;

	for (int i = 0; i < BUCKETS_A_ROW; i++)
		n += row->buckets[i].owner == owner ? 1 : 0;
	return n;
}

/*
 * The bucket that gives way to a new one of an owner: see the top of this
 * file.
 */
static Bucket *
find_place(BucketRow *row, Oid owner, double now)
{
	Bucket	   *place = NULL;
	double		best = -1;

	for (int i = 0; i < BUCKETS_A_ROW; i++)
	{
		Bucket	   *bucket = &row->buckets[i];
		double		part = OidIsValid(bucket->key.database) ?
			tokens_now(bucket, now) / bucket->capacity : 2;

		/* with the new one, an owner has at most one more than there are */
		if (part < 1)
			part += count_buckets(row, bucket->owner) +
				(bucket->owner == owner ? 1 : 0);
		else
			part += BUCKETS_A_ROW + 2;
		if (part > best)
		{
			best = part;
			place = bucket;
		}
	}
	return place;
}

/*
 * The bucket of a key, under the lock of its row; one that is full if there
 * was none.
 */
static Bucket *
find_bucket(BucketRow *row, const BucketKey *key, Oid owner, double capacity,
			double now)
{
	Bucket	   *bucket;

	for (int i = 0; i < BUCKETS_A_ROW; i++)
		if (is_of(&row->buckets[i], key))
			return &row->buckets[i];
	bucket = find_place(row, owner, now);
	*bucket = (Bucket)
	{
		*key, owner, capacity, now, capacity, 0
	};
	return bucket;
}

/*
 * Takes a token out of the bucket of a hook of this database and a subject.
 * "owner" is the hook's.
 * The bucket holds "capacity" tokens, at least one, and gets "rate" new ones a
 * second.  Returns 0, or in how many seconds there will be a token.
 */
double
hooks_buckets_take(Oid definition, Oid owner, uint64 subject,
				   double capacity, double rate)
{
	BucketKey	key = {MyDatabaseId, definition, subject};
	BucketRow  *row;
	Bucket	   *bucket;
	instr_time	time;
	double		now;
	double		wait = 0;

	Assert(bucket_rows != NULL && capacity >= 1 && rate > 0);
	row = &bucket_rows[hash_bytes((const unsigned char *) &key, sizeof(key)) %
					   BUCKET_ROWS];
	INSTR_TIME_SET_CURRENT(time);
	now = INSTR_TIME_GET_DOUBLE(time);

	SpinLockAcquire(&row->mutex);
	bucket = find_bucket(row, &key, owner, capacity, now);
	bucket->tokens = Min(capacity, tokens_now(bucket, now));
	bucket->at = Max(bucket->at, now);
	bucket->capacity = capacity;
	bucket->rate = rate;
	if (bucket->tokens >= 1 - NEARLY)
		bucket->tokens = Max(bucket->tokens - 1, 0);
	else
		wait = (1 - bucket->tokens) / rate;
	SpinLockRelease(&row->mutex);
	return wait;
}
