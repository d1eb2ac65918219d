/*
 * reads.c
 *		Hooks on select: which relations a statement reads.
 *
 * A statement reads what it needs the right SELECT for: that is in its plan,
 * for a view and the tables below alike, for tables in subqueries, in WITH and
 * in inlined functions, and for what an UPDATE looks at.  Each relation counts
 * once, under the name that the statement gives it: partitions of a
 * partitioned table, and inheritance children, do not.
 *
 * Hooks of phase before fire when the statement first runs, which for a cursor
 * is the first FETCH; those of phase after when it has returned its last row,
 * or is closed before that.  A statement that changes rows is at its end when
 * its triggers have fired.  An error is no end.
 *
 * Not told are: checks and actions of foreign keys, queries of our own, and
 * what a parallel operation does.  In that, a function's statement can neither
 * write nor be isolated: hooks that must not be left out make it an error, and
 * the others are counted as bypassed.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/ancestors.h"
#include "base/compat.h"
#include "base/place.h"
#include "base/settings.h"
#include "firing/bypass.h"
#include "firing/fire.h"
#include "firing/payload.h"
#include "firing/reads.h"
#include "firing/root.h"
#include "firing/statement.h"
#include "firing/trace.h"
#include "registry/present.h"
#include "registry/scope.h"

/*
 * Those that run, or wait for the next FETCH, and whose end hooks are to be
 * told of; and those that are ignored.  They go with their queries' memory,
 * after errors too.
 */
static HookRead *reads = NULL;

bool		hooks_reads_client_command = false;

/*
 * Whole rows as all of their columns, without columns of the system.  The
 * statement has locked the relation.
 */
static Bitmapset *
columns_read(Oid relid, const Bitmapset *selected)
{
	Bitmapset  *columns = NULL;
	Relation	rel;
	int			x = -1;

	if (!bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, selected))
	{
		while ((x = bms_next_member(selected, x)) >= 0)
			if (x + FirstLowInvalidHeapAttributeNumber > 0)
				columns = bms_add_member(columns, x);
		return columns;
	}
	rel = relation_open(relid, NoLock);
	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
		if (!TupleDescAttr(RelationGetDescr(rel), i)->attisdropped)
			columns =
				bms_add_member(columns,
							   i + 1 - FirstLowInvalidHeapAttributeNumber);
	relation_close(rel, NoLock);
	return columns;
}

/*
 * Adds a relation that a statement reads, once.
 */
static List *
add_relation(List *relations, Oid relid, const Bitmapset *selected)
{
	HookReadRelation *relation;
	ListCell   *lc;

	foreach(lc, relations)
	{
		relation = lfirst(lc);
		if (relation->relid == relid)
		{
			relation->columns = bms_join(relation->columns,
										 columns_read(relid, selected));
			return relations;
		}
	}
	relation = palloc(sizeof(HookReadRelation));
	relation->relid = relid;
	relation->columns = columns_read(relid, selected);
	return lappend(relations, relation);
}

/*
 * The relations that a plan reads and that may have hooks, of
 * HookReadRelation.
 */
static List *
find_relations(const PlannedStmt *plan)
{
	List	   *relations = NIL;
	ListCell   *lc;

	foreach(lc, hooks_plan_permissions(plan))
	{
		const HookPermission *permission = lfirst(lc);

		if (hooks_permission_is_relation(permission) &&
			(permission->requiredPerms & ACL_SELECT) != 0 &&
			permission->relid >= FirstNormalObjectId &&
			hooks_present_concerns(permission->relid))
			relations = add_relation(relations, permission->relid,
									 permission->selectedCols);
	}
	return relations;
}

/* What a firing tells of a statement */
typedef struct ReadEvent
{
	const HookRead *read;
	const HookReadRelation *relation;
	bool		ended;			/* the number of rows is known */
} ReadEvent;

/*
 * The event of a read.
 */
static Jsonb *
make_read_event(HookFiring *firing, void *arg)
{
	const ReadEvent *event = arg;
	JsonbInState state = hooks_payload_begin(firing);

	hooks_payload_add_relation(&state, event->relation->relid,
							   event->relation->columns);
	hooks_payload_add(&state, "sent_by",
					  event->read->from_client ? "client" : "function");
	if (event->ended)
	{
		hooks_payload_key(&state, "rows");
		hooks_payload_push_integer(&state, WJB_VALUE, event->read->rows);
	}
	return hooks_payload_end(&state);
}

/*
 * In a parallel operation: an error for a hook of which a failure would be
 * one; the others are left out.  Chains cannot be built there.
 */
static void
leave_out_parallel(Oid relid, const HookEvent *event)
{
	ListCell   *lc;

	foreach(lc, hooks_scope_reach(relid, hooks_ancestors_of(relid), NULL))
	{
		const HookReach *reach = lfirst(lc);
		HookMember	member = {reach->hook};

		if (!hooks_scope_wants(reach, event) || !reach->hook->enabled ||
			hooks_scope_forbids(reach->hook) != NULL ||
			!hooks_member_fires_here(&member) ||
			hooks_settings_is_paused(reach->hook->hook_id))
			continue;
		if (reach->hook->policy == HOOK_ABORT)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
					 errmsg("hook \"%s\" cannot fire during a parallel operation",
							reach->hook->name),
					 errdetail("A function that reads table \"%s\" is called by a query that runs in parallel.",
							   get_rel_name(relid)),
					 errhint("Mark the function PARALLEL UNSAFE."),
					 hooks_place(relid, InvalidOid)));
		member.tally = hooks_stats_tally(reach->hook->definition);
		hooks_stats_begin(member.tally);
		hooks_stats_count_bypass(member.tally);
	}
}

/*
 * Fires the hooks of a phase for one relation of a statement.
 */
static void
fire_for_relation(const HookRead *read, const HookReadRelation *relation,
				  const HookEvent *event)
{
	HookRun    *run = hooks_fire_prepare(event,
										 list_make1_oid(relation->relid),
										 CurrentMemoryContext);
	HookOrigin	origin = {0};
	HookOccurrence occurrence = {read->sql, relation->relid, NULL,
	relation->columns};
	ReadEvent	told = {read, relation, event->phase == HOOK_AFTER};
	HookOccasion occasion = {0};

	hooks_chain_tell(linitial(run->pinned), event);
	if (unlikely(hooks_observed))
		hooks_trace_absent_of_run(run);
	if (run->length == 0)
		return;
	if (OidIsValid(read->target))
		occurrence.relation = read->target;
	occurrence.action = read->operation == CMD_SELECT ?
		hooks_event_action_word(HOOK_SELECT) :
		hooks_statement_action_word(read->operation);
	occasion.relid = relation->relid;
	occasion.relation_name = get_rel_name(relation->relid);
	occasion.caller = read->caller;
	occasion.origin = &origin;
	occasion.occurrence = &occurrence;
	occasion.rows = read->rows;
	occasion.make = make_read_event;
	occasion.arg = &told;
	hooks_fire_occasion(run, &occasion);
}

/*
 * Fires the hooks of a phase for all relations of a statement.
 */
void
hooks_reads_fire(const HookRead *read, HookPhase phase)
{
	const HookEvent *event = hooks_event_find(phase, HOOK_STATEMENT,
											  HOOK_SELECT);
	MemoryContext context;
	MemoryContext old;
	bool		snapshot = !ActiveSnapshotSet();
	ListCell   *lc;

	if (IsInParallelMode() || hooks_settings_kill_switch())
	{
		foreach(lc, read->relations)
		{
			Oid			relid = ((HookReadRelation *) lfirst(lc))->relid;

			if (!IsInParallelMode())
				hooks_bypass_event(relid, event,
								   HOOK_MISS_SWITCH);
			else if (hooks_enabled)
				leave_out_parallel(relid, event);
		}
		return;
	}
	context = AllocSetContextCreate(read->context, "hooks select",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	/* a portal that is closed has none any more */
	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	foreach(lc, read->relations)
	{
		fire_for_relation(read, lfirst(lc), event);
	}
	if (snapshot)
		PopActiveSnapshot();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/*
 * The memory of a query goes, and its read with it.
 */
static void
unlink_read(void *arg)
{
	HookRead  **link = &reads;

	while (*link != NULL && *link != arg)
		link = &(*link)->older;
	if (*link != NULL)
		*link = (*link)->older;
}

static HookRead *
find_read(const EState *estate)
{
	HookRead   *read = reads;

	while (read != NULL && read->estate != estate)
		read = read->older;
	return read;
}

/*
 * Makes the read of a query that was started.
 */
static HookRead *
make_read(const QueryDesc *query)
{
	MemoryContext context = query->estate->es_query_cxt;
	HookRead   *read = MemoryContextAllocZero(context, sizeof(HookRead));

	read->estate = query->estate;
	read->context = context;
	read->unlink.func = unlink_read;
	read->unlink.arg = read;
	MemoryContextRegisterResetCallback(context, &read->unlink);
	read->older = reads;
	reads = read;
	return read;
}

/*
 * Hooks are not told of a query that was started: it looks something up for us
 * or for a foreign key.
 */
void
hooks_reads_ignore(const QueryDesc *query)
{
	if (hooks_present_watched != 0)
		(void) make_read(query);
}

/*
 * Did the client send the text of a query, or the command that runs it?  A
 * cursor that outlives its transaction reads on when that commits.
 */
static bool
is_from_client(const QueryDesc *query)
{
	return hooks_reads_client_command ||
		query->sourceText == debug_query_string ||
		(ActivePortal != NULL && ActivePortal->queryDesc == query &&
		 (ActivePortal->cursorOptions & CURSOR_OPT_HOLD) != 0);
}

/*
 * A query is about to run: if it does so for the first time, fires the hooks
 * before.  Returns the read whose end is to be told; NULL if nobody wants to
 * know.
 */
HookRead *
hooks_reads_begin(QueryDesc *query)
{
	bool		from_client = is_from_client(query);
	MemoryContext old;
	List	   *relations;
	HookRead   *read;

	hooks_reads_client_command = false;
	read = find_read(query->estate);
	if (read != NULL)
		return read->relations == NIL ? NULL : read;

	/* a parallel worker's part of a query is its leader's */
	if (query->already_executed || query->dest->mydest == DestTupleQueue)
		return NULL;
	old = MemoryContextSwitchTo(query->estate->es_query_cxt);
	relations = find_relations(query->plannedstmt);
	MemoryContextSwitchTo(old);
	if (relations == NIL)
		return NULL;
	read = make_read(query);
	read->relations = relations;
	read->sql = query->sourceText;
	read->operation = query->operation;
	if (query->operation != CMD_SELECT)
		read->target = hooks_root_target(query->plannedstmt);
	read->caller = GetUserId();
	read->from_client = from_client;
	hooks_reads_fire(read, HOOK_BEFORE);
	return read;
}

/*
 * Ends a read, and fires the hooks after.
 */
static void
end_read(HookRead *read)
{
	Assert(read->relations != NIL);
	unlink_read(read);
	hooks_reads_fire(read, HOOK_AFTER);
}

/*
 * A query of this read has run, perhaps to its end, which for one that changes
 * rows is later.
 */
void
hooks_reads_ran(HookRead *read, const QueryDesc *query, bool at_end)
{
	read->rows += query->estate->es_processed;
	if (at_end && !hooks_statement_is_traced(query))
		end_read(read);
}

/*
 * A query finishes, or is closed before it has returned all rows.
 */
void
hooks_reads_finish(const QueryDesc *query)
{
	HookRead   *read = find_read(query->estate);

	if (read != NULL && read->relations != NIL)
		end_read(read);
}
