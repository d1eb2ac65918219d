/*
 * policy.c
 *		What an error in a callback means: abort, isolate, quarantine.
 *
 * abort costs nothing: the error passes, with a context line.  The others run
 * the callback in a subtransaction of its own; when it fails, that is rolled
 * back, a WARNING and a row of hooks.failure tell of it, and the statement goes
 * on.
 *
 * hooks.failure is written and pruned as catalog code does it: no trigger, rule
 * or search_path has a say.  Failures count toward quarantine by their rows, so
 * that sessions which fail at the same time do not wait for each other.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "base/attempt.h"
#include "base/compat.h"
#include "base/own.h"
#include "base/place.h"
#include "base/settings.h"
#include "base/timeout.h"
#include "firing/policy.h"
#include "firing/statement.h"
#include "registry/registry.h"

/* columns of hooks.failure, as in the install script */
enum
{
	Anum_failure_id = 1,
	Anum_hook,
	Anum_phase,
	Anum_action,
	Anum_relation,
	Anum_sqlstate,
	Anum_message,
	Anum_detail,
	Anum_hint,
	Anum_context,
	Anum_caller,
	Anum_transaction_id,
	Anum_occurred_at,
	Natts_failure = Anum_occurred_at
};

static const HookOwnColumn failure_columns[Natts_failure] = {
	{INT8OID, false},			/* failure_id */
	{TEXTOID, false},			/* hook */
	{TEXTOID, false},			/* phase */
	{TEXTOID, false},			/* action */
	{REGCLASSOID, true},		/* relation */
	{TEXTOID, false},			/* sqlstate */
	{TEXTOID, false},			/* message */
	{TEXTOID, true},			/* detail */
	{TEXTOID, true},			/* hint */
	{TEXTOID, true},			/* context */
	{NAMEOID, true},			/* caller */
	{XID8OID, false},			/* transaction_id */
	{TIMESTAMPTZOID, false},	/* occurred_at */
};

static const HookOwnTable failure_table = {
	"failure", Natts_failure, failure_columns
};

/* orders the failures of each hook */
#define FAILURE_INDEX "failure_hook_idx"

/* a hook of which only the newest failures are to stay */
typedef struct FailuresToPrune
{
	char	   *hook;
	int			keep;
} FailuresToPrune;

/*
 * FailuresToPrune of the hooks that failed in this transaction, for when it
 * commits.  In TopTransactionContext, so NIL at its end; those of rolled-back
 * failures may stay, which does no harm.
 */
List	   *hooks_failures_to_prune = NIL;

/*
 * Errors that no policy swallows; a veto is one where it can still stop the
 * statement.  The limits of the caller's session are among them: its
 * lock_timeout, unless the callback went by one of its own, and
 * hooks.max_depth, as the caller may have used up all but the last level.
 */
static bool
must_propagate(const ErrorData *error, HookPhase phase,
			   bool callers_lock_timeout)
{
	switch (error->sqlerrcode)
	{
		case ERRCODE_HOOK_CANCELED:
			return phase == HOOK_BEFORE || phase == HOOK_BEFORE_CASCADE ||
				phase == HOOK_BEFORE_COMMIT;
		case ERRCODE_HOOK_RECURSION:
			return true;
		case ERRCODE_LOCK_NOT_AVAILABLE:
			return callers_lock_timeout;
		default:
			return hooks_attempt_must_propagate(error->sqlerrcode);
	}
}

/*
 * Of a hook that can go into quarantine, as many rows stay as that counts.
 */
static void
remember_to_prune(const Hook *hook)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	FailuresToPrune *prune;
	ListCell   *lc;

	foreach(lc, hooks_failures_to_prune)
	{
		prune = lfirst(lc);
		if (strcmp(prune->hook, hook->name) == 0)
			break;
	}
	if (lc == NULL)
	{
		prune = palloc(sizeof(FailuresToPrune));
		prune->hook = pstrdup(hook->name);
		prune->keep = hook->policy == HOOK_QUARANTINE ?
			Max(hooks_failures_kept, hooks_quarantine_after) :
			hooks_failures_kept;
		hooks_failures_to_prune = lappend(hooks_failures_to_prune, prune);
	}
	MemoryContextSwitchTo(old);
}

/*
 * Adds a row to hooks.failure.
 */
static void
record_failure(const Hook *hook, const HookFiring *firing,
			   const ErrorData *error)
{
	Relation	failure = hooks_own_open(&failure_table, RowExclusiveLock);
	Datum		values[Natts_failure];
	bool		nulls[Natts_failure] = {false};
	NameData	caller;
	const char *role;

	role = GetUserNameFromId(firing->caller, true);
	namestrcpy(&caller, role ? role : "");

#define SET(column, value) (values[Anum_##column - 1] = (value))
#define SET_TEXT(column, string) \
	do { \
		nulls[Anum_##column - 1] = (string) == NULL; \
		SET(column, (string) == NULL ? (Datum) 0 : CStringGetTextDatum(string)); \
	} while (0)
	SET(failure_id, Int64GetDatum(nextval_internal(hooks_own_relation("failure_failure_id_seq", RELKIND_SEQUENCE), false)));
	SET_TEXT(hook, firing->subject->hook);
	SET_TEXT(phase, hooks_event_phase_word(firing->subject->event->phase));
	SET_TEXT(action, hooks_event_action_word(firing->subject->naming ? HOOK_NAME :
											 firing->subject->event->action));
	SET(relation, ObjectIdGetDatum(firing->subject->relation));
	SET_TEXT(sqlstate, unpack_sql_state(error->sqlerrcode));
	SET_TEXT(message, error->message ? error->message : "");
	SET_TEXT(detail, error->detail);
	SET_TEXT(hint, error->hint);
	SET_TEXT(context, error->context);
	nulls[Anum_caller - 1] = !OidIsValid(firing->caller);
	SET(caller, NameGetDatum(&caller));
	SET(transaction_id, FullTransactionIdGetDatum(GetTopFullTransactionId()));
	SET(occurred_at, TimestampTzGetDatum(GetCurrentTimestamp()));
#undef SET
#undef SET_TEXT
	CatalogTupleInsert(failure,
					   heap_form_tuple(RelationGetDescr(failure), values, nulls));
	table_close(failure, NoLock);
	CommandCounterIncrement();

	remember_to_prune(hook);
}

/*
 * Walks the failures of a hook, newest first, until visit says false.
 */
static void
scan_failures(const char *hook, bool (*visit) (Relation, HeapTuple, void *),
			  void *arg)
{
	Relation	failure = hooks_own_open(&failure_table, RowExclusiveLock);
	Relation	index = hooks_own_open_index(failure, FAILURE_INDEX, Anum_hook);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_hook, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(hook));
	scan = systable_beginscan_ordered(failure, index, snapshot, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, BackwardScanDirection)))
	{
		CHECK_FOR_INTERRUPTS();
		if (!visit(failure, tuple, arg))
			break;
	}
	systable_endscan_ordered(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	table_close(failure, NoLock);
}

typedef struct RecentFailures
{
	TimestampTz since;
	int			found;
	int			enough;
} RecentFailures;

static bool
count_recent(Relation failure, HeapTuple tuple, void *arg)
{
	RecentFailures *recent = arg;
	bool		isnull;

	if (DatumGetTimestampTz(heap_getattr(tuple, Anum_occurred_at,
										 RelationGetDescr(failure),
										 &isnull)) < recent->since)
		return false;
	return ++recent->found < recent->enough;
}

/*
 * Takes a hook out if it has failed too often since it was enabled.  If some
 * other session is changing the registry, the next failure will do it.
 */
static bool
quarantine(const Hook *hook)
{
	RecentFailures recent = {hook->enabled_at, 0, hooks_quarantine_after};
	Hook	   *current;

	scan_failures(hook->name, count_recent, &recent);
	if (recent.found < recent.enough || !hooks_registry_try_lock(hook->name))
		return false;
	current = hooks_registry_find(hook->name);
	if (current == NULL || current->hook_id != hook->hook_id ||
		!current->enabled)
		return false;
	current->enabled = false;
	current->quarantined = true;
	hooks_registry_update(current);
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg_plural("hook \"%s\" is in quarantine after %d failure",
						   "hook \"%s\" is in quarantine after %d failures",
						   recent.found, hook->name, recent.found),
			 errhint("Mend the callback, then call hooks.enable().")));
	return true;
}

static bool
delete_beyond(Relation failure, HeapTuple tuple, void *arg)
{
	int		   *keep = arg;
	TM_FailureData failure_data;

	/* A row that another session is pruning right now is left to it */
	if (--*keep < 0)
		(void) hooks_table_tuple_delete(failure, &tuple->t_self,
										GetActiveSnapshot(), false,
										&failure_data);
	return true;
}

/*
 * Is hooks.failure still there, and not locked against us?
 */
static bool
may_prune(void)
{
	Oid			relid = hooks_own_find(failure_table.name, RELKIND_RELATION);
	Relation	failure;
	bool		may;

	if (!OidIsValid(relid) ||
		!ConditionalLockRelationOid(relid, RowExclusiveLock))
		return false;
	failure = try_relation_open(relid, NoLock);
	if (failure == NULL)
		return false;
	may = hooks_own_has_shape(&failure_table, RelationGetDescr(failure)) &&
		OidIsValid(hooks_own_find_index(failure, FAILURE_INDEX, Anum_hook));
	relation_close(failure, NoLock);
	return may;
}

/*
 * Keeps hooks.failure bounded.  Called when a transaction is about to commit.
 */
void
hooks_policy_before_commit(void)
{
	List	   *hooks = hooks_failures_to_prune;
	ListCell   *lc;

	hooks_failures_to_prune = NIL;

	/* Nothing here is worth failing, or delaying, a commit: next time, then */
	if (!may_prune())
		return;
	foreach(lc, hooks)
	{
		FailuresToPrune *prune = lfirst(lc);

		PushActiveSnapshot(GetLatestSnapshot());
		scan_failures(prune->hook, delete_beyond, &prune->keep);
		PopActiveSnapshot();
	}
}

/*
 * The context line of whatever is reported inside a firing; a callback for
 * error_context_stack.
 */
void
hooks_policy_add_context(void *arg)
{
	const HookFiring *firing = arg;

	errcontext("hook \"%s\" (%s %s on %s)", firing->subject->hook,
			   hooks_event_phase_word(firing->subject->event->phase),
			   hooks_event_action_word(firing->subject->naming ? HOOK_NAME :
									   firing->subject->event->action),
			   firing->subject->relation_name);
}

static void
report_timeout(const HookMember *member, const HookFiring *firing)
{
	ereport(ERROR,
			(errcode(ERRCODE_HOOK_TIMEOUT),
			 errmsg("hook \"%s\" took longer than its timeout of %d ms",
					member->hook->name, member->timeout),
			 hooks_place(firing->subject->relation, InvalidOid)));
}

/*
 * The same error as one of ours, if a hook's own timeout was its cause.  Looks
 * nothing up, as the error has not been rolled back yet.
 */
static ErrorData *
translate_timeout(const HookMember *member, const HookFiring *firing,
				  char *schema, ErrorData *error)
{
	ErrorData  *translated = palloc(sizeof(ErrorData));

	*translated = *error;
	translated->sqlerrcode = ERRCODE_HOOK_TIMEOUT;
	translated->message = psprintf("hook \"%s\" took longer than its timeout of %d ms",
								   member->hook->name, member->timeout);
	translated->detail = NULL;
	translated->hint = NULL;
	translated->schema_name = schema;
	translated->table_name = pstrdup(firing->subject->relation_name);
	return translated;
}

/*
 * The hint of an isolated error; if it was the hook's own veto, why that was
 * not heeded.
 */
static const char *
hint_of_failure(const HookFiring *firing, const ErrorData *error)
{
	if (error->sqlerrcode != ERRCODE_HOOK_CANCELED || hooks_vetoing != firing)
		return error->hint;
	return psprintf("%s%s%s", error->hint ? error->hint : "",
					error->hint ? "\n" : "",
					"The veto comes too late: in phase \"after\" it stops the statement only under on_error => 'abort', in the before phases under every policy.");
}

/*
 * Runs body(arg) with what makes a failure harmless: a time limit, a
 * subtransaction, a place where errors end.
 */
static HookOutcome
run_guarded(const HookMember *member, HookFiring *firing,
			void (*body) (void *arg), void *arg)
{
	const Hook *hook = member->hook;
	bool		isolated = hook->policy != HOOK_ABORT;
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	HookTimeout timeout;
	volatile bool timed = false;
	int			lock_timeout = LockTimeout;
	char	   *schema = member->timeout == 0 ? NULL :
		get_namespace_name(get_rel_namespace(firing->subject->relation));
	volatile bool callers_lock_timeout = false;
	ErrorData  *volatile error = NULL;

	if (isolated)
	{
		BeginInternalSubTransaction(NULL);
		MemoryContextSwitchTo(context);
	}
	PG_TRY();
	{
		if (member->timeout > 0)
		{
			hooks_timeout_begin(&timeout, member->timeout);
			timed = true;
		}
		body(arg);
		if (timed)
		{
			timed = false;
			if (hooks_timeout_end(&timeout))
				report_timeout(member, firing);
		}
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		/* what the callback has set is there until the subtransaction ends */
		callers_lock_timeout = lock_timeout > 0 && LockTimeout == lock_timeout;
		if (timed)
		{
			if (hooks_timeout_caused(&timeout, error->sqlerrcode))
				error = translate_timeout(member, firing, schema, error);
			(void) hooks_timeout_end(&timeout);
		}
	}
	PG_END_TRY();

	if (isolated)
	{
		if (error != NULL)
			RollbackAndReleaseCurrentSubTransaction();
		else
			ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	if (error == NULL)
		return HOOK_DONE;
	if (!isolated || must_propagate(error, firing->subject->event->phase,
									callers_lock_timeout))
		ReThrowError(error);

	/* The abort of the subtransaction has not popped the firing itself */
	error->hint = unconstify(char *, hint_of_failure(firing, error));
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("%s failed and was isolated: %s",
					hooks_context_describe(firing), error->message),
			 error->detail ? errdetail_internal("%s", error->detail) : 0,
			 error->hint ? errhint("%s", error->hint) : 0,
			 hooks_place(firing->subject->relation, InvalidOid)));
	record_failure(hook, firing, error);
	if (hook->policy == HOOK_QUARANTINE && quarantine(hook))
		return HOOK_TAKEN_OUT;
	return HOOK_FAILED;
}

/*
 * Calls body(arg), which calls the callback, under the hook's policy.
 *
 * Errors that pass: all of them under abort, those of must_propagate() under
 * any policy; a hook's own timeout is KH002.
 */
HookOutcome
hooks_policy_run(const HookMember *member, HookFiring *firing,
				 void (*body) (void *arg), void *arg)
{
	ErrorContextCallback callback;
	HookOutcome outcome = HOOK_DONE;

	callback.callback = hooks_policy_add_context;
	callback.arg = firing;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	if (hooks_policy_is_plain(member))
		body(arg);
	else
		outcome = run_guarded(member, firing, body, arg);
	error_context_stack = callback.previous;
	return outcome;
}
