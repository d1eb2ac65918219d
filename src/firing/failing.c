/*
 * failing.c
 *		Statements that fail, for on_failure hooks.
 *
 * If a database has such hooks, the executor's hooks catch every error and
 * throw it again.  The hooks to tell are looked up before the statement runs,
 * as catalogs cannot be read after an error.  What they are told is copied, up
 * to a limit, into memory that was allocated before.
 *
 * Did the error reach the client?  It did if it left the outermost statement,
 * which is the client's own.  Otherwise a subtransaction aborts first, as the
 * error was caught: by an EXCEPTION clause, or because the hook whose callback
 * failed is isolated.  So an entry goes to the ring (ring.c) when the
 * (sub)transaction aborts, and then the answer is known.  (With a client's
 * savepoint, the error reaches the client before ROLLBACK TO.)
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "parser/parsetree.h"
#include "postmaster/bgworker.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/ancestors.h"
#include "base/ring.h"
#include "base/settings.h"
#include "base/workers.h"
#include "firing/chain.h"
#include "firing/failing.h"
#include "firing/root.h"
#include "firing/statement.h"
#include "firing/stats.h"
#include "firing/written.h"
#include "registry/scope.h"

/*
 * How many entries can wait for their abort.  For a further one the newest one
 * of the owner of hooks that has most of them gives way, as in the ring.
 */
#define WAITING 32

/* An entry that waits for its abort */
typedef struct WaitingFailure
{
	int			nest_level;		/* of the transaction when it failed */
	bool		reached;		/* the client */
	bool		stand_in;		/* see hooks_workers_stand_in() */
	HookTally  *tally;
	HookFailed	failed;
} WaitingFailure;

/*
 * WAITING of them, and one in which the next ones are made; in
 * TopMemoryContext, once there was a hook to tell.
 */
static WaitingFailure *waiting = NULL;

int			hooks_failing_waiting = 0;

/* nesting of statements; who increments it decrements it, on errors too */
static int	depth = 0;

/* where an error is copied to; reset after use */
static MemoryContext copies = NULL;

/*
 * Makes room for more hooks, in the memory of whoever runs the statement.
 */
static void
grow_hooks(HookFailing *failing)
{
	HookFailingHook *hooks = palloc(sizeof(HookFailingHook) *
									failing->size * 2);

	memcpy(hooks, failing->hooks, sizeof(HookFailingHook) * failing->n);
	failing->hooks = hooks;
	failing->size *= 2;
}

/*
 * Adds a hook, once.
 */
static void
add_hook(HookFailing *failing, const HookMember *member, Oid relid,
		 HookAction action)
{
	HookFailingHook *hook;

	if (!hooks_member_fires_here(member) ||
		hooks_settings_is_paused(member->hook->hook_id))
		return;
	for (int i = 0; i < failing->n; i++)
	{
		if (failing->hooks[i].definition == member->hook->definition)
			return;
	}
	if (failing->n == failing->size)
		grow_hooks(failing);
	hook = &failing->hooks[failing->n];
	hooks_stats_begin(member->tally);
	hook->owner = member->hook->owner;
	hook->stand_in = hooks_workers_stand_in(hook->owner);
	hook->definition = member->hook->definition;
	hook->relation = relid;
	hook->action = action;
	hook->tally = member->tally;
	failing->n++;
}

/*
 * Adds the hooks of a relation, which is locked, for an action.
 */
static void
add_failing_hooks(HookFailing *failing, Oid relid, HookAction action)
{
	HookRelation *relation = hooks_chain_pin(relid);
	const HookChain *chain =
		hooks_chain_of(relation, hooks_event_find(HOOK_ON_FAILURE,
												  HOOK_NO_LEVEL, action));

	for (int i = 0; i < chain->length; i++)
		add_hook(failing, chain->members[i], relid, action);
	hooks_chain_unpin(relation);
}

/*
 * Makes what hooks_failing_caught() needs.
 */
static void
make_waiting(void)
{
	if (waiting != NULL)
		return;
	copies = AllocSetContextCreate(TopMemoryContext, "hooks failed statement",
								   ALLOCSET_DEFAULT_SIZES);
	waiting = MemoryContextAlloc(TopMemoryContext,
								 sizeof(WaitingFailure) * (WAITING + 1));
}

/*
 * An error in one of our own workers is not an error of a client.
 */
static bool
may_watch(void)
{
	return IsTransactionState() && !IsParallelWorker() &&
		hooks_writing == NULL &&	/* it is only rehearsed */
		!hooks_settings_kill_switch() &&
		(MyBgworkerEntry == NULL ||
		 strcmp(MyBgworkerEntry->bgw_library_name, "hooks") != 0);
}

static void
begin_failing(HookFailing *failing, const char *sql)
{
	failing->n = 0;
	failing->size = FAILING_HOOKS;
	failing->hooks = failing->few;
	failing->sql = sql;
	failing->caller = GetUserId();
}

/*
 * Adds the hooks of the table that a part of a statement names, for what that
 * part may do.
 */
static void
add_failing_part(HookFailing *failing, const PlannedStmt *plan,
				 const ModifyTable *part)
{
	Oid			relid = rt_fetch(part->nominalRelation, plan->rtable)->relid;
	int			actions = hooks_root_actions_of_part(part);

	if (actions & HOOK_INSERT)
		add_failing_hooks(failing, relid, HOOK_INSERT);
	if (actions & HOOK_UPDATE)
		add_failing_hooks(failing, relid, HOOK_UPDATE);
	if (actions & HOOK_DELETE)
		add_failing_hooks(failing, relid, HOOK_DELETE);
}

/*
 * The executor is about to do something for a query.
 */
void
hooks_failing_query(HookFailing *failing, const QueryDesc *query)
{
	const PlannedStmt *plan = query->plannedstmt;
	ListCell   *lc;

	begin_failing(failing, query->sourceText);
	if (hooks_statement_is_traced(query) && may_watch())
	{
		if (IsA(plan->planTree, ModifyTable))
			add_failing_part(failing, plan, (ModifyTable *) plan->planTree);
		foreach(lc, plan->subplans)
		{
			if (lfirst(lc) != NULL && IsA(lfirst(lc), ModifyTable))
				add_failing_part(failing, plan, lfirst(lc));
		}
		if (failing->n > 0)
			make_waiting();
	}
	depth++;
}

/*
 * Adds the hooks of a relation that a command names.  It is not locked, as a
 * weaker lock than the command's own can cause deadlocks.  So the hooks are
 * found in the registry, not in chains.
 */
static void
add_named(HookFailing *failing, const RangeVar *name, HookAction action)
{
	Oid			relid = RangeVarGetRelid(name, NoLock, true);
	const HookEvent *event = hooks_event_find(HOOK_ON_FAILURE, HOOK_NO_LEVEL,
											  action);
	ListCell   *lc;

	if (!OidIsValid(relid))
		return;
	foreach(lc, hooks_scope_reach(relid, hooks_ancestors_of(relid), NULL))
	{
		const HookReach *reach = lfirst(lc);
		HookMember	member = {reach->hook};

		if (!reach->hook->enabled || !hooks_scope_wants(reach, event) ||
			hooks_scope_forbids(reach->hook) != NULL)
			continue;
		member.tally = hooks_stats_tally(reach->hook->definition);
		add_hook(failing, &member, relid, action);
	}
}

/*
 * A utility command begins.
 */
void
hooks_failing_command(HookFailing *failing, Node *command, const char *sql)
{
	ListCell   *lc;

	begin_failing(failing, sql);
	if (may_watch())
	{
		if (IsA(command, CopyStmt) && ((CopyStmt *) command)->is_from)
			add_named(failing, ((CopyStmt *) command)->relation, HOOK_INSERT);
		if (IsA(command, TruncateStmt))
		{
			foreach(lc, ((TruncateStmt *) command)->relations)
			{
				add_named(failing, lfirst(lc), HOOK_TRUNCATE);
			}
		}
		if (failing->n > 0)
			make_waiting();
	}
	depth++;
}

/*
 * The query or command has ended.
 */
void
hooks_failing_leave(void)
{
	Assert(depth > 0);
	depth--;
}

static void
copy_text(char *to, const char *from, size_t size)
{
	size_t		length = from == NULL ? 0 : strlen(from);

	if (length >= size)
		length = pg_mbcliplen(from, length, size - 1);
	if (length > 0)
		memcpy(to, from, length);
	to[length] = '\0';
}

/*
 * Copies what is told of the current error.
 */
static void
copy_error(HookFailed *failed)
{
	MemoryContext old;
	ErrorData  *error;

	failed->sqlerrcode = geterrcode();
	if (failed->sqlerrcode == ERRCODE_OUT_OF_MEMORY)
	{
		/* to copy it might throw another one */
		copy_text(failed->message, "out of memory", RING_MESSAGE);
		copy_text(failed->detail, NULL, RING_TEXT);
		copy_text(failed->hint, NULL, RING_TEXT);
		failed->has_detail = failed->has_hint = false;
		return;
	}
	old = MemoryContextSwitchTo(copies);
	error = CopyErrorData();
	MemoryContextSwitchTo(old);
	copy_text(failed->message, error->message, RING_MESSAGE);
	copy_text(failed->detail, error->detail, RING_TEXT);
	copy_text(failed->hint, error->hint, RING_TEXT);
	failed->has_detail = error->detail != NULL;
	failed->has_hint = error->hint != NULL;
	MemoryContextReset(copies);
}

/*
 * Copies hooks.metadata, as text, as nothing may be thrown here.
 */
static void
copy_metadata(HookFailed *failed)
{
	bool		fits = hooks_metadata != NULL &&
		strlen(hooks_metadata) < RING_METADATA;

	copy_text(failed->metadata, fits ? hooks_metadata : NULL, RING_METADATA);
}

/*
 * A place behind the other entries; NULL if there is none, and the owner has
 * most of them, or would have.
 */
static WaitingFailure *
place_to_wait(Oid owner)
{
	int			newest = 0;
	int			most = 0;
	int			own = 0;

	if (hooks_failing_waiting < WAITING)
		return &waiting[hooks_failing_waiting++];
	for (int i = 0; i < WAITING; i++)
	{
		int			n = 0;

		for (int j = 0; j < WAITING; j++)
			n += waiting[j].failed.owner == waiting[i].failed.owner;
		if (waiting[i].failed.owner == owner)
			own = n;
		if (n >= most)
		{
			most = n;
			newest = i;
		}
	}
	if (most <= own + 1)
		return NULL;
	if (waiting[newest].tally->listed)
		hooks_stats_count_bypass(waiting[newest].tally);
	memmove(&waiting[newest], &waiting[newest + 1],
			sizeof(WaitingFailure) * (WAITING - 1 - newest));
	return &waiting[WAITING - 1];
}

/*
 * Copies what all hooks of a failed statement are told.
 */
static void
copy_failure(WaitingFailure *entry, const HookFailing *failing)
{
	HookFailed *failed = &entry->failed;

	entry->nest_level = GetCurrentTransactionNestLevel();
	entry->reached = false;
	copy_error(failed);
	copy_text(failed->statement, failing->sql, RING_STATEMENT);
	copy_metadata(failed);
	failed->database = MyDatabaseId;
	failed->caller = failing->caller;
	failed->session_user = GetSessionUserId();
	failed->transaction =
		U64FromFullTransactionId(GetTopFullTransactionIdIfAny());
	failed->failed_at = GetCurrentTimestamp();
}

/*
 * An error passes; the caller throws it again.
 */
void
hooks_failing_caught(const HookFailing *failing)
{
	depth--;
	if (failing->n > 0)
		copy_failure(&waiting[WAITING], failing);
	for (int i = 0; i < failing->n; i++)
	{
		const HookFailingHook *hook = &failing->hooks[i];
		WaitingFailure *entry = place_to_wait(hook->owner);

		if (entry == NULL)
		{
			hooks_stats_count_bypass(hook->tally);
			continue;
		}
		*entry = waiting[WAITING];
		entry->stand_in = hook->stand_in;
		entry->tally = hook->tally;
		entry->failed.owner = hook->owner;
		entry->failed.definition = hook->definition;
		entry->failed.relation = hook->relation;
		entry->failed.action = hook->action;
	}
	for (int i = 0; depth == 0 && i < hooks_failing_waiting; i++)
		waiting[i].reached = true;
}

/*
 * Moves the entries of the (sub)transaction that has ended, and of those
 * nested in it, to the ring.  Does not throw.
 */
static void
pass_on(int nest_level)
{
	int			kept = 0;

	for (int i = 0; i < hooks_failing_waiting; i++)
	{
		WaitingFailure *entry = &waiting[i];

		if (entry->nest_level < nest_level)
		{
			if (kept != i)
				waiting[kept] = *entry;
			kept++;
			continue;
		}
		entry->failed.caught = !entry->reached;
		if (!hooks_ring_put(&entry->failed) && entry->tally->listed)
			hooks_stats_count_bypass(entry->tally);
		hooks_workers_wake(MyDatabaseId, entry->failed.owner, entry->stand_in,
						   false);
	}
	hooks_failing_waiting = kept;
}

/*
 * A subtransaction aborts.
 */
void
hooks_failing_abort(int nest_level)
{
	if (unlikely(hooks_failing_waiting > 0))
		pass_on(nest_level);
}

/*
 * The transaction has ended, in whatever way.
 */
void
hooks_failing_end_transaction(void)
{
	pass_on(0);
}
