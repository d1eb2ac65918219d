/*
 * stats.c
 *		Counts the firings of each hook.
 *
 * A session has a tally for each hook that it has met, which lasts as long as
 * the session, so that counting is one addition.  A statement lists the
 * tallies that it is going to use.  The end of the transaction adds what is in
 * them to the shared counters (counters.c), after an abort, too: calls that
 * were rolled back count.  Without shared memory, the counts stay in the
 * tallies.
 *
 * A hook is identified by the OID of its definition.  Its counts are removed
 * when the definition is dropped (forget.c).
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_database.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/ring.h"
#include "firing/stats.h"

/* the tallies of this session, by definition; NULL until the first one */
static HTAB *tallies = NULL;

/* how many saves wait for their restore; each is restored, on errors too */
static int	saves = 0;

/* those that this transaction uses; empty outside of one */
HookTally  *hooks_stats_listed = NULL;

/*
 * The tally of a hook, made if there is none.
 */
HookTally *
hooks_stats_tally(Oid definition)
{
	HookTally  *tally;
	bool		found;

	Assert(OidIsValid(definition));
	if (tallies == NULL)
	{
		HASHCTL		info = {0};

		info.keysize = sizeof(Oid);
		info.entrysize = sizeof(HookTally);
		tallies = hash_create("hooks tallies", 64, &info,
							  HASH_ELEM | HASH_BLOBS);
	}
	tally = hash_search(tallies, &definition, HASH_ENTER, &found);
	if (!found)
	{
		memset(tally, 0, sizeof(HookTally));
		tally->definition = definition;
		tally->since = GetCurrentTimestamp();
	}
	return tally;
}

/*
 * The same, NULL if this session has none.
 */
HookTally *
hooks_stats_find(Oid definition)
{
	return tallies == NULL ? NULL :
		hash_search(tallies, &definition, HASH_FIND, NULL);
}

void
hooks_stats_list(HookTally *tally)
{
	hooks_counters_announce(tally);
	tally->next = hooks_stats_listed;
	hooks_stats_listed = tally;
	tally->listed = true;
}

/*
 * Keeps all counts, so that they can be restored after what is not to be
 * counted.  Calls nest; only the outermost counts.
 */
void
hooks_stats_save(void)
{
	HASH_SEQ_STATUS status;
	HookTally  *tally;

	if (saves++ > 0 || tallies == NULL)
		return;
	hash_seq_init(&status, tallies);
	while ((tally = hash_seq_search(&status)) != NULL)
		tally->saved = tally->counters;
}

/*
 * Those that have come since have counted nothing before.  Does not throw.
 */
void
hooks_stats_restore(void)
{
	HASH_SEQ_STATUS status;
	HookTally  *tally;

	Assert(saves > 0);
	if (--saves > 0 || tallies == NULL)
		return;
	hash_seq_init(&status, tallies);
	while ((tally = hash_seq_search(&status)) != NULL)
		tally->counters = tally->saved;
}

/*
 * Adds all counts of this session to the shared ones, before hooks.stats reads
 * them.
 */
void
hooks_stats_flush(void)
{
	HASH_SEQ_STATUS status;
	HookTally  *tally;
	Oid			definition;
	int64		losses;

	if (saves > 0 || !hooks_counters_are_shared())
		return;
	while (hooks_ring_take_loss(&definition, &losses))
	{
		tally = hooks_stats_tally(definition);
		hooks_stats_begin(tally);
		tally->counters.bypassed += losses;
	}
	if (tallies == NULL)
		return;
	hash_seq_init(&status, tallies);
	while ((tally = hash_seq_search(&status)) != NULL)
		hooks_counters_pass_on(tally);
}

/*
 * Sets what was counted of a hook to 0.
 */
void
hooks_stats_reset(Oid definition)
{
	HookTally  *tally = hooks_stats_find(definition);

	if (tally != NULL)
	{
		memset(&tally->counters, 0, sizeof(HookCounters));
		tally->since = GetCurrentTimestamp();
	}
	if (hooks_counters_are_shared())
		hooks_counters_reset(definition);
}

/*
 * The transaction has ended.  Does not throw.
 */
void
hooks_stats_end_transaction(void)
{
	for (HookTally *tally = hooks_stats_listed; tally != NULL;
		 tally = tally->next)
	{
		tally->listed = false;
		hooks_counters_end_transaction(tally);
	}
	hooks_stats_listed = NULL;
}
