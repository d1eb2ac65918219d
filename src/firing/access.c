/*
 * access.c
 *		What a statement does to relations that no trigger tells of.
 *
 * Reads (reads.c), COPY (copies.c) and restores have hooks of level statement,
 * whose callbacks are told of one relation each.
 *
 * In a parallel operation a function's statement can neither write nor be
 * isolated: hooks that must not be left out make it an error, and the others
 * are counted as bypassed.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "access/xact.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/ancestors.h"
#include "base/place.h"
#include "base/settings.h"
#include "firing/access.h"
#include "firing/bypass.h"
#include "firing/fire.h"
#include "firing/trace.h"
#include "registry/scope.h"

/*
 * The word for who sent a statement.
 */
const char *
hooks_access_sent_by(bool client)
{
	return client ? "client" : "function";
}

/*
 * Whole rows as all of their columns, without columns of the system.  The
 * statement has locked the relation.
 */
Bitmapset *
hooks_access_columns(Oid relid, const Bitmapset *selected)
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

/* What a firing tells of */
typedef struct AccessEvent
{
	const HookAccess *access;
	const HookAccessRelation *relation;
	bool		ended;			/* the number of rows is known */
} AccessEvent;

static int64
rows_of(const AccessEvent *event)
{
	return event->relation->rows >= 0 ? event->relation->rows :
		event->access->rows;
}

/*
 * The event.
 */
static Jsonb *
make_access_event(HookFiring *firing, void *arg)
{
	const AccessEvent *event = arg;
	const HookAccess *access = event->access;
	JsonbInState state = hooks_payload_begin(firing);

	hooks_payload_add_relation(&state, event->relation->relid,
							   event->relation->columns);
	if (access->sent_by != NULL)
		hooks_payload_add(&state, "sent_by", access->sent_by);
	if (event->ended || event->relation->rows >= 0)
	{
		hooks_payload_key(&state, "rows");
		hooks_payload_push_integer(&state, WJB_VALUE, rows_of(event));
	}
	if (access->make_rows == NULL)
		return hooks_payload_end(&state);
	return hooks_payload_end_shared(&state, "new",
									access->make_rows(event->relation));
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
 * Fires the hooks of an event for one relation.
 */
static void
fire_for_relation(const HookAccess *access, const HookAccessRelation *relation,
				  const HookEvent *event)
{
	HookRun    *run = hooks_fire_prepare(event,
										 list_make1_oid(relation->relid),
										 CurrentMemoryContext);
	HookOrigin	origin = {0};
	HookOccurrence occurrence = {0};
	AccessEvent told = {access, relation, event->phase == HOOK_AFTER};
	HookOccasion occasion = {0};

	hooks_chain_tell(linitial(run->pinned), event);
	if (unlikely(hooks_observed))
		hooks_trace_absent_of_run(run);
	if (run->length == 0)
		return;
	occurrence.sql = access->sql;
	occurrence.relation = OidIsValid(access->target) ? access->target :
		relation->relid;
	occurrence.action = access->root_action;
	occurrence.columns = relation->columns;
	occasion.relid = relation->relid;
	occasion.relation_name = get_rel_name(relation->relid);
	occasion.caller = access->caller;
	occasion.origin = &origin;
	occasion.occurrence = &occurrence;
	occasion.rows = rows_of(&told);
	occasion.make = make_access_event;
	occasion.arg = &told;
	hooks_fire_occasion(run, &occasion);
}

/*
 * Fires the hooks of a phase and action for all relations of a statement.
 */
void
hooks_access_fire(const HookAccess *access, HookPhase phase, HookAction action)
{
	const HookEvent *event = hooks_event_find(phase, HOOK_STATEMENT, action);
	MemoryContext context;
	MemoryContext old;
	bool		snapshot = !ActiveSnapshotSet();
	ListCell   *lc;

	if (IsInParallelMode() || hooks_settings_kill_switch())
	{
		foreach(lc, access->relations)
		{
			Oid			relid = ((HookAccessRelation *) lfirst(lc))->relid;

			if (!IsInParallelMode())
				hooks_bypass_event(relid, event, HOOK_MISS_SWITCH);
			else if (hooks_enabled)
				leave_out_parallel(relid, event);
		}
		return;
	}
	context = AllocSetContextCreate(access->context, "hooks access",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	/* a portal that is closed has none any more */
	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	foreach(lc, access->relations)
	{
		HookAccessRelation *relation = lfirst(lc);

		/* a callback may have dropped what no query has open */
		if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation->relid)))
			fire_for_relation(access, relation, event);
	}
	if (snapshot)
		PopActiveSnapshot();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
