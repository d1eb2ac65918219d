/*
 * commit.c
 *		When the hooks of phase before_commit fire.
 *
 * A hook that has notes (note.h) fires when the transaction is about to commit
 * or to be prepared, once, whatever the statements and tables.
 *
 * The moment.  Transaction callbacks must not run users' code, as triggers
 * that it queues would never fire.  Before the callbacks, CommitTransaction()
 * and PrepareTransaction() fire deferred triggers and drop open portals, in a
 * loop until nothing is left.  Closing a portal may run users' code.  So we
 * open a portal that is never run and that users do not see, and the hooks
 * fire when it is dropped.  This comes after the deferred triggers, whatever
 * SET CONSTRAINTS says.  It leaves no pending events on a table, which would
 * forbid ALTER TABLE, and works for every kind of relation.  The portal
 * belongs to the (sub)transaction that made the first note, and is dropped
 * with it.
 *
 *		INSERT ... ----> note, portal
 *		COMMIT --------> deferred triggers
 *		                 portal dropped --> each hook that has notes, in order;
 *		                                    then deferred triggers;
 *		                                    again, while there are notes
 *		                 deferred triggers
 *		                 transaction callbacks, commit record
 *
 * The portal's state is not READY, as COPY FREEZE would be refused then.  It
 * is ACTIVE while it must not be closed: when it fires hooks, and during CLOSE
 * ALL.  Messages of the protocol and procedural languages close a portal by
 * its name, without any command.  The hooks would fire in the middle of the
 * transaction, and be told of a part of it; so nobody can know the name.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "replication/logicalworker.h"
#include "replication/origin.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "firing/commit.h"
#include "firing/fire_commit.h"
#include "firing/note.h"

/*
 * The portal that waits for the commit; NULL if there are no notes.  An abort
 * of the (sub)transaction that it belongs to drops it.
 */
static Portal waiting = NULL;

/* Are hooks being fired?  Reset at the end of the transaction. */
static bool firing = false;

/*
 * The transaction ends.
 */
void
hooks_commit_end_transaction(void)
{
	waiting = NULL;
	firing = false;
	hooks_fire_commit_end_transaction();
}

/*
 * Fires the hooks that have notes, and what they queue, until there is nothing
 * left.
 */
static void
fire_rounds(MemoryContext context)
{
	PG_TRY();
	{
		while (hooks_notes != NULL)
		{
			PushActiveSnapshot(GetTransactionSnapshot());
			hooks_fire_commit_round();
			PopActiveSnapshot();
			MemoryContextReset(context);
			if (hooks_notes != NULL)
				AfterTriggerFireDeferred();
		}
	}
	PG_CATCH();
	{
		if (IsLogicalWorker())
			hooks_forget_applied();
		PG_RE_THROW();
	}
	PG_END_TRY();
}

/*
 * The portal ends: the transaction commits, or it or the subtransaction
 * aborts.
 */
static void
portal_ends(Portal portal)
{
	MemoryContext context;
	MemoryContext old;

	if (!IsTransactionState())
	{
		portal->status = PORTAL_FAILED; /* otherwise PostgreSQL would not drop
										 * it */
		waiting = NULL;
		return;
	}
	Assert(portal == waiting && !firing);
	if (IsSubTransaction())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_CURSOR_STATE),
				 errmsg("cannot close portal \"%s\" in a subtransaction",
						portal->name),
				 errdetail("Hooks of phase \"before_commit\" fire when it ends.")));

	firing = true;
	portal->status = PORTAL_ACTIVE;
	context = AllocSetContextCreate(TopTransactionContext,
									"hooks before_commit",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	fire_rounds(context);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	portal->status = PORTAL_DONE;
	waiting = NULL;
	firing = false;
}

/*
 * A note was made: makes the portal, so that the hooks fire at commit.
 */
void
hooks_commit_arm(void)
{
	char		name[NAMEDATALEN];
	uint64		secret[2];

	if (likely(waiting != NULL))
		return;
	if (!pg_strong_random(secret, sizeof(secret)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	snprintf(name, sizeof(name), "hooks before_commit %016llx%016llx",
			 (unsigned long long) secret[0], (unsigned long long) secret[1]);
	waiting = CreatePortal(name, false, false);

	/* what pg_backend_memory_contexts shows */
	MemoryContextSetIdentifier(waiting->portalContext, "hooks before_commit");
	waiting->visible = false;
	waiting->cleanup = portal_ends;
	waiting->status = PORTAL_DONE;
}

/*
 * Before CLOSE ALL, and after it or its failure: the portal stays.
 */
void
hooks_commit_hold(void)
{
	if (waiting != NULL)
		waiting->status = PORTAL_ACTIVE;
}

void
hooks_commit_release(void)
{
	if (waiting != NULL && !firing)
		waiting->status = PORTAL_DONE;
}

/*
 * Fires the hooks that have notes of the current subtransaction, as if it
 * were to be committed; it is going to be rolled back.
 */
void
hooks_commit_rehearse(void)
{
	int			nest_level = GetCurrentTransactionNestLevel();
	HookNote  **link = &hooks_notes;
	HookNote   *others;
	bool		was_firing = firing;
	HookCommitRounds outer = hooks_fire_commit_begin();

	while (*link != NULL && (*link)->nest_level >= nest_level)
		link = &(*link)->older;
	others = *link;
	*link = NULL;
	firing = true;
	PG_TRY();
	{
		while (hooks_notes != NULL)
		{
			PushActiveSnapshot(GetTransactionSnapshot());
			hooks_fire_commit_round();
			PopActiveSnapshot();
		}
	}
	PG_FINALLY();
	{
		link = &hooks_notes;
		while (*link != NULL)
			link = &(*link)->older;
		*link = others;
		firing = was_firing;
		hooks_fire_commit_end(outer);
		hooks_commit_release();
	}
	PG_END_TRY();
}
