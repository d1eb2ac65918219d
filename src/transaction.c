/*
 * transaction.c
 *		What the ends of transactions and subtransactions do to our state.
 *
 * One place for all modules that keep state across statements.  No user code
 * runs here: triggers that it queued would never fire.
 */
#include "postgres.h"

#include "access/xact.h"

#include "base/forget.h"
#include "base/wake.h"
#include "firing/batch.h"
#include "firing/batch_place.h"
#include "firing/commit.h"
#include "firing/context.h"
#include "firing/deleted.h"
#include "firing/failing.h"
#include "firing/failure.h"
#include "firing/note.h"
#include "firing/statement.h"
#include "firing/stats.h"
#include "firing/trace.h"
#include "firing/truncate.h"
#include "firing/written.h"
#include "sessions.h"
#include "system/rehearse.h"
#include "transaction.h"

/*
 * Does no module keep anything for the transaction's end?  Mostly so, which
 * makes it worth one test instead of eight.
 */
static inline bool
nothing_is_kept(void)
{
	return ((uintptr_t) hooks_wake_owners |
			(uintptr_t) hooks_failing_waiting |
			(uintptr_t) hooks_stats_listed |
			(uintptr_t) hooks_forget_keys |
			(uintptr_t) hooks_sessions_level |
			(uintptr_t) hooks_batch_places |
			(uintptr_t) hooks_notes_cxt |
			(uintptr_t) hooks_deletes |
			(uintptr_t) hooks_failures_to_prune) == 0;
}

static pg_noinline void
end_transaction(XactEvent event)
{
	if (event == XACT_EVENT_ABORT)
	{
		hooks_context_abort(0);
		hooks_statement_abort(0);
		hooks_truncate_abort(0);
		hooks_trace_abort(0);
	}

	if (hooks_wake_owners != NIL)
		hooks_wake_end_transaction(event);

	/* what failed in an abort is counted by now */
	if (hooks_failing_waiting > 0)
		hooks_failing_end_transaction();
	if (hooks_stats_listed != NULL)
		hooks_stats_end_transaction();
	if (hooks_forget_keys != NIL)
		hooks_forget_end_transaction(event != XACT_EVENT_ABORT);

	if (hooks_sessions_level != 0)
		hooks_sessions_end_transaction(event != XACT_EVENT_ABORT);

	/* these live in TopTransactionContext */
	if (hooks_batch_places != NULL)
		hooks_batch_end_transaction();
	if (hooks_notes_cxt != NULL)
	{
		hooks_note_end_transaction();
		hooks_commit_end_transaction();
	}
	hooks_deletes = NULL;
	hooks_failures_to_prune = NIL;
}

static void
transaction_event(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
	{
		if (hooks_failures_to_prune != NIL)
			hooks_failure_before_commit();
	}
	else if (event == XACT_EVENT_ABORT || !nothing_is_kept())
		end_transaction(event);
}

static void
subtransaction_event(SubXactEvent event, SubTransactionId subid,
					 SubTransactionId parent, void *arg)
{
	switch (event)
	{
		case SUBXACT_EVENT_ABORT_SUB:
			hooks_context_abort(GetCurrentTransactionNestLevel());
			hooks_statement_abort(GetCurrentTransactionNestLevel());
			hooks_truncate_abort(GetCurrentTransactionNestLevel());
			hooks_trace_abort(GetCurrentTransactionNestLevel());
			hooks_rehearse_end_subtransaction(GetCurrentTransactionNestLevel(),
											  false);
			hooks_forget_end_subtransaction(GetCurrentTransactionNestLevel(),
											false);
			hooks_failing_abort(GetCurrentTransactionNestLevel());
			hooks_batch_end_subtransaction(subid, parent, false);
			hooks_note_end_subtransaction(GetCurrentTransactionNestLevel(),
										  false);
			hooks_commit_release();
			hooks_deleted_end_subtransaction(GetCurrentTransactionNestLevel(),
											 false);
			hooks_sessions_end_subtransaction(GetCurrentTransactionNestLevel(),
											  false);
			break;
		case SUBXACT_EVENT_COMMIT_SUB:
			hooks_rehearse_end_subtransaction(GetCurrentTransactionNestLevel(),
											  true);
			hooks_forget_end_subtransaction(GetCurrentTransactionNestLevel(),
											true);
			hooks_batch_end_subtransaction(subid, parent, true);
			hooks_note_end_subtransaction(GetCurrentTransactionNestLevel(),
										  true);
			hooks_deleted_end_subtransaction(GetCurrentTransactionNestLevel(),
											 true);
			hooks_sessions_end_subtransaction(GetCurrentTransactionNestLevel(),
											  true);
			break;
		default:
			break;
	}
}

/*
 * Registers the callbacks.  From _PG_init() only.
 */
void
hooks_transaction_init(void)
{
	RegisterXactCallback(transaction_event, NULL);
	RegisterSubXactCallback(subtransaction_event, NULL);
}
