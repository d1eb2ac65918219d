/*
 * moves.c
 *		How often something was moved, counted by all sessions.
 *
 * Who keeps a copy of something that is in a table, and has a lock on it, can
 * tell without reading the table whether anybody has written it since: then
 * the count differs.  Things share counts, so that it can differ although this
 * one was not moved.
 *
 * A move counts when it is written, not when it commits: the lock keeps others
 * from looking in between.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/atomics.h"

#include "base/moves.h"
#include "base/shared.h"

#define COUNTS 64

/* NULL until asked for; then valid to the end of the session */
static pg_atomic_uint64 *counts = NULL;

static void
init_counts(void *area)
{
	pg_atomic_uint64 *all = area;

	for (int i = 0; i < COUNTS; i++)
		pg_atomic_init_u64(&all[i], 1);
}

/*
 * The count of a thing of this database; NULL if there is no room for any.
 */
static pg_atomic_uint64 *
count_of(int64 id)
{
	if (counts == NULL)
		counts = hooks_shared_get("hooks moves",
								  COUNTS * sizeof(pg_atomic_uint64),
								  init_counts);
	if (counts == NULL)
		return NULL;
	return &counts[hash_combine(murmurhash32((uint32) id), MyDatabaseId) %
				   COUNTS];
}

void
hooks_moves_add(int64 id)
{
	pg_atomic_uint64 *count = count_of(id);

	if (count != NULL)
		(void) pg_atomic_fetch_add_u64(count, 1);
}

/*
 * How often things that share the count have moved; 0 if that is not known.
 */
uint64
hooks_moves_count(int64 id)
{
	pg_atomic_uint64 *count = count_of(id);

	if (count == NULL)
		return 0;
	pg_memory_barrier();
	return pg_atomic_read_u64(count);
}
