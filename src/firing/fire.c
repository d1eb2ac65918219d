/*
 * fire.c
 *		Run a chain.
 *
 * Which of its hooks are due, and in which order; call.c calls each.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "firing/fire.h"
#include "firing/orphan.h"
#include "firing/provenance.h"
#include "firing/put.h"
#include "firing/sort.h"

static void
unpin_all(void *arg)
{
	HookRun    *run = arg;
	ListCell   *lc;

	foreach(lc, run->pinned)
	{
		hooks_chain_unpin(lfirst(lc));
	}
}

/* What tells members of several relations apart; without padding set to 0 */
typedef struct MemberKey
{
	int64		hook_id;
	int64		target;
} MemberKey;

static HTAB *
make_seen(void)
{
	HASHCTL		info = {0};

	info.keysize = info.entrysize = sizeof(MemberKey);
	info.hcxt = CurrentMemoryContext;
	return hash_create("hooks members of a run", 64, &info,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Is it the first time that this member comes?
 */
static bool
is_new(HTAB *seen, const HookMember *member)
{
	MemberKey	key = {member->hook->hook_id, member->target};
	bool		found;

	(void) hash_search(seen, &key, HASH_ENTER, &found);
	return !found;
}

/*
 * Adds the call of a hook for one of its actions.
 */
static void
prepare_member(HookRun *run, HookMember *member, HookAction action)
{
	HookCall   *call = &run->calls[run->length++];

	call->member = member;
	call->action = action;
	call->run = run;
	call->out = !hooks_member_fires_here(member);
	call->why_out = call->out ? hooks_trace_why_out(member) :
		HOOK_MISS_UNTOLD;
	call->left_out = hooks_member_is_left_out(member);
	hooks_stats_begin(member->tally);
}

/*
 * A run of an event, in the current context, that has no hooks yet.
 */
static HookRun *
begin_run(const HookEvent *event)
{
	HookRun    *run = palloc0(sizeof(HookRun));

	run->event = event;
	run->context = CurrentMemoryContext;
	run->query_cxt = CurrentMemoryContext;
	run->puts = -1;
	return run;
}

/*
 * Adds the hooks of a run, which are in firing order.
 */
static void
add_calls(HookRun *run, HookMember **members, int n)
{
	run->calls = palloc0(sizeof(HookCall) * Max(2 * n, 1));
	for (int i = 0; i < n; i++)
	{
		HookAction	told[2];
		int			ntold = hooks_event_told(run->event,
											 members[i]->hook->actions, told);

		for (int j = 0; j < ntold; j++)
			prepare_member(run, members[i], told[j]);
	}
}

/*
 * Makes a run of hooks that fire for no relation, in the current context.
 */
HookRun *
hooks_fire_prepare_apart(const HookEvent *event, HookMember **members, int n)
{
	HookRun    *run = begin_run(event);

	hooks_sort_members(members, n, event->phase);
	add_calls(run, members, n);
	return run;
}

/*
 * Makes a run of the hooks of an event on the given relations, in a context
 * that lives as long as the run shall.
 *
 * For rows a relation's chain includes the hooks of the partitioned tables
 * above it, as the rows are its own.  Statements and batches belong to the
 * table that a hook is on.
 */
HookRun *
hooks_fire_prepare(const HookEvent *event, List *relids, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	HookRun    *run = begin_run(event);
	HookMember **members = NULL;
	HTAB	   *seen = list_length(relids) > 1 ? make_seen() : NULL;
	int			n = 0;
	ListCell   *lc;

	run->asks = event->phase == HOOK_AFTER && event->level == HOOK_STATEMENT;
	run->unpin.func = unpin_all;
	run->unpin.arg = run;
	MemoryContextRegisterResetCallback(context, &run->unpin);

	foreach(lc, relids)
	{
		HookRelation *relation = hooks_chain_pin(lfirst_oid(lc));
		HookChain  *chain = hooks_chain_of(relation, event);

		run->pinned = lappend(run->pinned, relation);
		if (chain->length == 0)
			continue;
		members = members == NULL ?
			palloc(sizeof(HookMember *) * chain->length) :
			repalloc(members, sizeof(HookMember *) * (n + chain->length));
		for (int i = 0; i < chain->length; i++)
		{
			HookMember *member = chain->members[i];

			if ((event->level == HOOK_ROW ||
				 event->phase == HOOK_BEFORE_COMMIT ||
				 member->target == relation->relid) &&
				(seen == NULL || is_new(seen, member)))
				members[n++] = member;
		}
	}
	hash_destroy(seen);
	if (list_length(relids) > 1 && n > 1)
		hooks_sort_members(members, n, event->phase);

	add_calls(run, members, n);
	MemoryContextSwitchTo(old);
	return run;
}

/*
 * Counts that the replication role leaves out hooks of a chain, none of which
 * fires.
 */
void
hooks_fire_leave_out(const HookChain *chain)
{
	for (int i = 0; i < chain->length; i++)
	{
		const HookMember *member = chain->members[i];

		if (member->hook->fire != HOOK_ORIGIN)
			continue;
		hooks_stats_begin(member->tally);
		hooks_stats_count_bypass(member->tally);
	}
}

/*
 * Counts that a command leaves out the hooks of a run, none of which fires.
 */
void
hooks_fire_leave_out_run(HookRun *run, HookMiss why)
{
	for (int i = 0; i < run->length; i++)
	{
		HookCall   *call = &run->calls[i];

		if (!hooks_fire_is_due(call, NULL))
			continue;
		hooks_stats_count_bypass(call->member->tally);
		hooks_fire_tell(call, why);
	}
}

/*
 * Is this the moment at which the hook's columns become all non-null?  old is
 * NULL for an inserted row.
 */
bool
hooks_fire_is_naming(const HookMember *member, TupleTableSlot *old,
					 TupleTableSlot *new)
{
	bool		was_named = old != NULL;
	int			x = -1;

	while ((x = bms_next_member(member->columns, x)) >= 0)
	{
		AttrNumber	attnum = x + FirstLowInvalidHeapAttributeNumber;

		if (slot_attisnull(new, attnum))
			return false;
		if (old != NULL && slot_attisnull(old, attnum))
			was_named = false;
	}
	return !was_named;
}

static inline void
look_around(const HookRun *run, const TriggerData *trigdata,
			HookSurroundings *around)
{
	around->nest_level = GetCurrentTransactionNestLevel();
	around->referential = run->referential ||
		hooks_statement_in_referential_action();
	around->origin = run->origin;
	if (unlikely(hooks_statement == NULL || run->asks) && run->origin == NULL)
	{
		hooks_provenance_of_event(hooks_statement, run->event, trigdata,
								  &around->found);
		around->origin = &around->found;
	}

	/* TRUNCATE is no statement of the executor's */
	around->caller = run->event->action == HOOK_TRUNCATE ? GetUserId() :
		hooks_statement_caller(hooks_statement, around->origin,
							   run->query_cxt);
	around->at_home = around->caller == GetSessionUserId() ?
		around->caller : InvalidOid;
}

/*
 * Fires one hook of a batch.
 */
void
hooks_fire_call(HookRun *run, HookCall *call, TriggerData *trigdata)
{
	HookSurroundings around;

	Assert(run->row_source != NULL && run->origin != NULL);
	look_around(run, trigdata, &around);
	(void) hooks_call_trigger(run, call, trigdata, &around);
}

/*
 * For whoever observes: a hook skips the row, so those from a number on do not
 * fire for it.
 */
static void
tell_skipped(HookRun *run, int number)
{
	for (; number < run->length; number++)
	{
		HookCall   *call = &run->calls[number];

		if (call->out)
			hooks_fire_tell(call, call->why_out);
		else
			hooks_trace_miss(call, HOOK_MISS_SKIPPED);
	}
}

/*
 * Fires the hooks of a run for a trigger's event, in order.
 *
 * For a BEFORE ROW trigger each hook sees the row as the ones before it left
 * it; returns the row to go on with, NULL to skip it.  Otherwise returns NULL.
 */
HeapTuple
hooks_fire_chain(HookRun *run, TriggerData *trigdata)
{
	TriggerEvent event = trigdata->tg_event;
	bool		before_row = TRIGGER_FIRED_FOR_ROW(event) &&
		TRIGGER_FIRED_BEFORE(event);
	bool		update = TRIGGER_FIRED_BY_UPDATE(event);
	bool		delete = TRIGGER_FIRED_BY_DELETE(event);
	const Bitmapset *assigned = update ? trigdata->tg_updatedcols : NULL;
	HeapTuple  *row = update ? &trigdata->tg_newtuple :
		&trigdata->tg_trigtuple;
	TupleTableSlot *slot = update ? trigdata->tg_newslot :
		trigdata->tg_trigslot;
	HeapTuple	proposed = NULL;
	HookPut    *put = NULL;
	HookSurroundings around;

	Assert(run->row_source == NULL);
	Assert(before_row == (run->event->phase == HOOK_BEFORE &&
						  run->event->level == HOOK_ROW));
	look_around(run, trigdata, &around);
	if (before_row && update && around.referential && run->length > 0)
		proposed = heap_copytuple(*row);

	for (int i = 0; i < run->length; i++)
	{
		HookCall   *call = &run->calls[i];
		HeapTuple	result;

		if (unlikely(call->action == HOOK_PUT))
		{
			if (put == NULL)
				put = hooks_put_begin(run, trigdata, &around);
			if (!put->of_put)
				hooks_fire_tell(call, HOOK_MISS_PUT);
			if (!put->fires ||
				hooks_put_has_fired(put, call->member->hook))
				continue;
		}
		if (!hooks_fire_is_due(call, assigned))
			continue;
		if (call->action == HOOK_NAME &&
			!hooks_fire_is_naming(call->member,
								  update ? trigdata->tg_trigslot : NULL, slot))
		{
			if (unlikely(hooks_observed))
				hooks_trace_miss(call, HOOK_MISS_NAMING);
			continue;
		}
		result = hooks_call_trigger(run, call,
									call->action == HOOK_PUT ?
									put->trigdata : trigdata,
									&around);
		if (!before_row)
			continue;
		if (result == NULL)
		{
			if ((update || delete) && around.referential)
				hooks_orphan_report(call->member->hook->name,
									trigdata->tg_relation, true);
			if (unlikely(hooks_observed))
				tell_skipped(run, i + 1);
			return NULL;
		}
		if (delete || result == *row)
			continue;
		if (proposed != NULL &&
			hooks_orphan_undoes(RelationGetDescr(trigdata->tg_relation),
								assigned, proposed, result))
			hooks_orphan_report(call->member->hook->name,
								trigdata->tg_relation, false);
		/* as ExecBRInsertTriggers does, for hooks that look at the slot */
		ExecForceStoreHeapTuple(result, slot, false);
		*row = result;
	}
	if (unlikely(put != NULL))
		hooks_put_end(put);
	return before_row ? *row : NULL;
}

/*
 * Fires the hooks of a run whose callbacks take the event as jsonb.
 */
void
hooks_fire_occasion(HookRun *run, const HookOccasion *occasion)
{
	for (int i = 0; i < run->length; i++)
		if (hooks_fire_is_due(&run->calls[i], NULL))
			hooks_call_event(run, &run->calls[i], occasion);
}

/*
 * The same for a command, with the event that make(firing, arg) makes for each
 * hook, inside its firing.  Whether the command is about the relation directly
 * is for hooks.context().
 */
void
hooks_fire_event(HookRun *run, Relation rel, bool direct, HookEventMaker make,
				 void *arg)
{
	HookOrigin	origin = {direct ? 0 : HOOK_DEPTH_UNKNOWN};
	HookOccasion occasion = {0};

	occasion.relid = RelationGetRelid(rel);
	occasion.relation_name = RelationGetRelationName(rel);
	occasion.caller = GetUserId();	/* not the statement's around it */
	occasion.origin = &origin;
	occasion.make = make;
	occasion.arg = arg;
	hooks_fire_occasion(run, &occasion);
}
