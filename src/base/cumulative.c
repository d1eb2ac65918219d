/*
 * cumulative.c
 *		Counters of hooks in PostgreSQL's cumulative statistics system.
 *
 * PostgreSQL 18 and later take statistics of extensions.  They then keep them
 * over a restart, forget those of a database that is dropped, and need no
 * bound on their number.  A session announces a tally before it counts in it;
 * PostgreSQL asks for it when it next reports, at most once a second and never
 * inside a transaction.
 *
 * Each kind of statistics has a number, one for all that are being developed.
 * Should another library have taken it first, our own table stands in
 * (counters.c).
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/cumulative.h"

#if HOOKS_CUMULATIVE

#include "miscadmin.h"
#include "utils/pgstat_internal.h"
#include "utils/timestamp.h"

#define KIND PGSTAT_KIND_EXPERIMENTAL

typedef struct CumulativeEntry
{
	PgStatShared_Common header;
	struct
	{
		HookCounters counters;
		TimestampTz since;		/* 0 until something is passed on */
	}			data;
} CumulativeEntry;

/*
 * Adds what a tally has to its entry, whose lock the caller has.
 */
static void
add_tally(CumulativeEntry *entry, HookTally *tally)
{
	hooks_counters_merge(&entry->data.counters, &tally->counters);
	if (entry->data.since == 0)
		entry->data.since = tally->since;
	memset(&tally->counters, 0, sizeof(HookCounters));
}

/*
 * PostgreSQL reports; what is pending is a pointer to the tally.
 */
static bool
flush_pending(PgStat_EntryRef *reference, bool nowait)
{
	HookTally  *tally = *(HookTally **) reference->pending;

	if (!pgstat_lock_entry(reference, nowait))
		return false;
	add_tally((CumulativeEntry *) reference->shared_stats, tally);
	pgstat_unlock_entry(reference);
	return true;
}

/* it has reported, or the entry was dropped */
static void
delete_pending(PgStat_EntryRef *reference)
{
	HookTally  *tally = *(HookTally **) reference->pending;

	memset(&tally->counters, 0, sizeof(HookCounters));
	tally->announced = false;
}

static void
reset_timestamp(PgStatShared_Common *header, TimestampTz now)
{
	((CumulativeEntry *) header)->data.since = now;
}

static const PgStat_KindInfo kind_info = {
	.name = "hooks",
	.fixed_amount = false,
	.write_to_file = true,
	.shared_size = sizeof(CumulativeEntry),
	.shared_data_off = offsetof(CumulativeEntry, data),
	.shared_data_len = sizeof(((CumulativeEntry *) 0)->data),
	.pending_size = sizeof(HookTally *),
	.flush_pending_cb = flush_pending,
	.delete_pending_cb = delete_pending,
	.reset_timestamp_cb = reset_timestamp,
};

/*
 * Makes ours a kind of statistics; false if the number is taken.  While shared
 * libraries are preloaded only.
 */
bool
hooks_cumulative_init(void)
{
	if (pgstat_get_kind_info(KIND) != NULL)
		return false;
	pgstat_register_kind(KIND, &kind_info);
	return true;
}

void
hooks_cumulative_announce(HookTally *tally)
{
	PgStat_EntryRef *reference;

	reference = pgstat_prep_pending_entry(KIND, MyDatabaseId,
										  tally->definition, NULL);

	*(HookTally **) reference->pending = tally;
}

/*
 * Passes on at once what an announced tally has.
 */
void
hooks_cumulative_pass_on(HookTally *tally)
{
	PgStat_EntryRef *reference;

	reference = pgstat_get_entry_ref_locked(KIND, MyDatabaseId,
											tally->definition, false);

	add_tally((CumulativeEntry *) reference->shared_stats, tally);
	pgstat_unlock_entry(reference);
}

bool
hooks_cumulative_read(Oid definition, HookCounters *counters,
					  TimestampTz *since)
{
	PgStat_EntryRef *reference = pgstat_get_entry_ref(KIND, MyDatabaseId,
													  definition, false, NULL);
	CumulativeEntry *entry;

	if (reference == NULL)
		return false;
	entry = (CumulativeEntry *) reference->shared_stats;
	(void) pgstat_lock_entry_shared(reference, false);
	*counters = entry->data.counters;
	*since = entry->data.since;
	pgstat_unlock_entry(reference);
	return *since != 0;
}

void
hooks_cumulative_reset(Oid definition)
{
	pgstat_reset_entry(KIND, MyDatabaseId, definition, GetCurrentTimestamp());
}

void
hooks_cumulative_forget(Oid definition)
{
	if (!hooks_pgstat_drop_entry(KIND, MyDatabaseId, definition))
		pgstat_request_entry_refs_gc();
}

#else

/* Older servers keep no statistics of extensions. */

bool
hooks_cumulative_init(void)
{
	return false;
}

void
hooks_cumulative_announce(HookTally *tally)
{
}

void
hooks_cumulative_pass_on(HookTally *tally)
{
}

bool
hooks_cumulative_read(Oid definition, HookCounters *counters,
					  TimestampTz *since)
{
	return false;
}

void
hooks_cumulative_reset(Oid definition)
{
}

void
hooks_cumulative_forget(Oid definition)
{
}

#endif
