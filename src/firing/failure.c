/*
 * failure.c
 *		hooks.failure: the rows that tell of isolated failures.
 *
 * The table is written and pruned as catalog code does it: triggers, rules and
 * the search_path do not apply.  Failures count toward quarantine by their
 * rows, so that sessions which fail at the same time do not wait for each
 * other.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "base/append.h"
#include "base/compat.h"
#include "base/own.h"
#include "base/rights.h"
#include "base/settings.h"
#include "firing/failure.h"

/* columns of hooks.failure, as in the install script */
enum
{
	Anum_failure_id = 1,
	Anum_failure_hook,
	Anum_failure_phase,
	Anum_failure_action,
	Anum_failure_relation,
	Anum_failure_sqlstate,
	Anum_failure_message,
	Anum_failure_detail,
	Anum_failure_hint,
	Anum_failure_context,
	Anum_failure_caller,
	Anum_failure_transaction_id,
	Anum_failure_occurred_at,
	Natts_failure = Anum_failure_occurred_at
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
 * Notes that a hook has failed.  If it can go into quarantine, as many of its
 * rows stay as count toward that.
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
 * Adds a row to hooks.failure for a firing of the hook that failed.
 */
void
hooks_failure_record(const Hook *hook, const HookFiring *firing,
					 const ErrorData *error)
{
	Relation	failure = hooks_own_open(&failure_table, RowExclusiveLock);
	Datum		values[Natts_failure];
	bool		nulls[Natts_failure] = {false};
	Oid			sequence;

	Assert(hook->policy != HOOK_ABORT);
#define SET(column, value) (values[Anum_failure_##column - 1] = (value))
#define SET_TEXT(column, string) \
	do { \
		nulls[Anum_failure_##column - 1] = (string) == NULL; \
		SET(column, (string) == NULL ? (Datum) 0 : \
			CStringGetTextDatum(string)); \
	} while (0)
	sequence = hooks_own_relation("failure_failure_id_seq", RELKIND_SEQUENCE);
	SET(id, Int64GetDatum(nextval_internal(sequence, false)));
	SET_TEXT(hook, firing->subject->hook);
	SET_TEXT(phase, hooks_word_of_phase(firing->subject->event->phase));
	SET_TEXT(action, hooks_context_action_word(firing->subject));
	nulls[Anum_failure_relation - 1] =
		!OidIsValid(firing->subject->relation);
	SET(relation, ObjectIdGetDatum(firing->subject->relation));
	SET_TEXT(sqlstate, unpack_sql_state(error->sqlerrcode));
	SET_TEXT(message, error->message ? error->message : "");
	SET_TEXT(detail, error->detail);
	SET_TEXT(hint, error->hint);
	SET_TEXT(context, error->context);
	nulls[Anum_failure_caller - 1] = !OidIsValid(firing->caller);
	SET(caller, hooks_rights_role_name(firing->caller));
	SET(transaction_id, FullTransactionIdGetDatum(GetTopFullTransactionId()));
	SET(occurred_at, TimestampTzGetDatum(GetCurrentTimestamp()));
#undef SET
#undef SET_TEXT
	hooks_append_one(failure, values, nulls);
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
	Relation	index =
		hooks_own_open_index(failure, FAILURE_INDEX, Anum_failure_hook);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_failure_hook, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(hook));
	scan = systable_beginscan_ordered(failure, index, snapshot, 1, &key);
	while ((tuple = systable_getnext_ordered(scan,
											 BackwardScanDirection)) != NULL)
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

	if (DatumGetTimestampTz(heap_getattr(tuple, Anum_failure_occurred_at,
										 RelationGetDescr(failure),
										 &isnull)) < recent->since)
		return false;
	return ++recent->found < recent->enough;
}

/*
 * How often a hook has failed since a point in time; no more than "enough" are
 * counted.
 */
int
hooks_failure_count(const char *hook, TimestampTz since, int enough)
{
	RecentFailures recent = {since, 0, enough};

	Assert(enough > 0);
	scan_failures(hook, count_recent, &recent);
	return recent.found;
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
	Relation	failure = hooks_own_open_if_free(failure_table.name,
												 RowExclusiveLock);
	bool		may;

	if (failure == NULL)
		return false;
	may = hooks_own_has_shape(&failure_table, RelationGetDescr(failure)) &&
		OidIsValid(hooks_own_find_index(failure, FAILURE_INDEX,
										Anum_failure_hook));
	relation_close(failure, NoLock);
	return may;
}

/*
 * Keeps hooks.failure bounded.  Called when a transaction is about to commit.
 */
void
hooks_failure_before_commit(void)
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
