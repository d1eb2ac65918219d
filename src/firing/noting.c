/*
 * noting.c
 *		Note rows and TRUNCATEs for the hooks of phase before_commit.
 *
 * The row trigger of such an event has a WHEN condition that calls
 * hooks.note() for each written row.  The function checks the hooks'
 * conditions and counts the row.  It mostly returns false, so that PostgreSQL
 * queues no event, however many rows there are.
 *
 * WHEN does not know which columns an UPDATE assigns.  If a hook depends on
 * them, the first row of each query gets an event, in which dispatch() sees
 * them.  Until then the notes do not count (note.h).
 *
 * WHEN passes only the row's TID, as passing the whole row would copy every
 * row.  If there are conditions, which need the row, it is fetched by the TID.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/settings.h"
#include "firing/bypass.h"
#include "firing/fire.h"
#include "firing/fire_commit.h"
#include "firing/note.h"
#include "firing/noting.h"
#include "firing/trace.h"

/*
 * What note() knows about its call, for all rows that one query writes to one
 * table; lives with the executor's memory.
 */
struct HookNoteCall
{
	HookRun    *run;
	Oid			relid;
	HookNote  **notes;			/* of each call of the run; NULL: not yet */
	bool	   *missed;			/* of each call: it was counted as bypassed */
	uint64		gone;			/* hooks_notes_gone when they were found */
	bool		bypassed;		/* that the kill switch is on is counted */
	bool		has_event;		/* the query has one that settles its notes */
	ItemPointerData first;		/* then the old TID of that row */
	HookOrigin	origin;			/* tells nothing */
	char	   *name;			/* of the table */

	/* the current row, if a condition or column is checked */
	TupleTableSlot *old;		/* NULL until needed */
	TupleTableSlot *new;
	bool		fetched;
};

/*
 * Prepares for the rows of a table that one query writes.
 */
HookNoteCall *
hooks_noting_prepare(const HookEvent *event, Oid relid, MemoryContext context)
{
	HookNoteCall *call = MemoryContextAllocZero(context, sizeof(HookNoteCall));

	/*
	 * A row that moves between partitions comes here once more as the
	 * partitioned table's.  Rows of a foreign partition do not count.
	 */
	if (!OidIsValid(relid) || get_rel_relkind(relid) != RELKIND_RELATION)
		return call;

	call->relid = relid;
	call->name = MemoryContextStrdup(context, get_rel_name(relid));
	call->origin.depth = HOOK_DEPTH_UNKNOWN;
	call->run = hooks_fire_prepare(event, list_make1_oid(relid), context);
	hooks_chain_tell(linitial(call->run->pinned), event);
	if (unlikely(hooks_observed))
		hooks_trace_absent_of_run(call->run);
	call->notes = MemoryContextAllocZero(context, sizeof(HookNote *) *
										 Max(call->run->length, 1));
	call->missed = MemoryContextAllocZero(context, sizeof(bool) *
										  Max(call->run->length, 1));
	for (int i = 0; i < call->run->length; i++)
	{
		HookCall   *other = &call->run->calls[i];

		if (hooks_fire_commit_is_running(other->member->hook->hook_id))
			other->out = true;
	}
	return call;
}

/*
 * Who issued the statement that is running.
 */
static Oid
caller_of(const HookRun *run)
{
	HookOrigin	here = {0};

	return hooks_statement_caller(hooks_statement, &here, run->query_cxt);
}

/*
 * Fetches the current row.
 */
static void
fetch_row(HookNoteCall *call, ItemPointer old, ItemPointer new)
{
	Relation	rel;

	if (call->fetched)
		return;
	rel = table_open(call->relid, NoLock);
	if (call->old == NULL)
	{
		MemoryContext before = MemoryContextSwitchTo(call->run->context);
		TupleDesc	desc = CreateTupleDescCopyConstr(RelationGetDescr(rel));

		/* a copy of the descriptor, as nothing would release the table */
		call->old = MakeSingleTupleTableSlot(desc, table_slot_callbacks(rel));
		call->new = MakeSingleTupleTableSlot(desc, table_slot_callbacks(rel));
		MemoryContextSwitchTo(before);
	}
	if ((old != NULL &&
		 !table_tuple_fetch_row_version(rel, old, SnapshotAny, call->old)) ||
		(new != NULL &&
		 !table_tuple_fetch_row_version(rel, new, SnapshotAny, call->new)))
		elog(ERROR, "could not fetch a row of table \"%s\" that was written",
			 call->name);
	table_close(rel, NoLock);
	call->fetched = true;
}

static void
release_row(HookNoteCall *call)
{
	if (!call->fetched)
		return;
	ExecClearTuple(call->old);
	ExecClearTuple(call->new);
	call->fetched = false;
}

/*
 * A hook is left out: counted once for a statement, if it is for this session.
 */
static void
count_missed(HookNoteCall *call, int number)
{
	HookCall   *hook_call = &call->run->calls[number];

	if (!call->missed[number] && (!hook_call->out || hook_call->left_out))
		hooks_stats_count_bypass(hook_call->member->tally);
	call->missed[number] = true;
	hooks_fire_tell(hook_call, hook_call->out ? hook_call->why_out :
					HOOK_MISS_PAUSED);
}

/*
 * Does a hook want the current row, if the assigned columns do not matter?
 */
static bool
wants_row(HookNoteCall *call, int number, ItemPointer old, ItemPointer new)
{
	HookCall   *hook_call = &call->run->calls[number];
	const HookMember *member = hook_call->member;
	TupleTableSlot *old_row;
	TupleTableSlot *new_row;

	if (hooks_fire_is_left_out(hook_call))
	{
		count_missed(call, number);
		return false;
	}
	if ((member->hook->actions & HOOK_NAME) == 0 && member->condition == NULL)
		return true;
	fetch_row(call, old, new);
	old_row = old == NULL ? NULL : call->old;
	new_row = new == NULL ? NULL : call->new;
	if ((member->hook->actions & HOOK_NAME) &&
		!hooks_fire_is_naming(member, old_row, new_row))
	{
		hooks_fire_tell(hook_call, HOOK_MISS_NAMING);
		return false;
	}
	if (member->condition != NULL)
	{
		HookOccasion occasion = {0};
		bool		met;

		occasion.relid = call->relid;
		occasion.relation_name = call->name;
		occasion.caller = caller_of(call->run);
		occasion.origin = &call->origin;
		met = hooks_call_test(call->run, hook_call, &occasion, old_row,
							  new_row);
		if (!met)
			hooks_fire_tell(hook_call, HOOK_MISS_CONDITION);
		return met;
	}
	return true;
}

/*
 * The note that counts the rows of a hook.
 */
static HookNote *
note_of(HookNoteCall *call, const HookMember *member, ItemPointer old)
{
	HookNoteKey key;
	HookAction	action = call->run->event->action;

	key.hook_id = member->hook->hook_id;
	key.target = member->target;
	key.action = action;
	if (action == HOOK_UPDATE && member->columns != NULL &&
		(member->hook->actions & HOOK_NAME) == 0)
	{
		if (!call->has_event)
			call->first = *old;
		return hooks_note_await(&key, call->relid, caller_of(call->run),
								member->columns, &call->first);
	}
	return hooks_note_get(&key, call->relid, caller_of(call->run));
}

/*
 * Counts a row that was written: the TID of an inserted or deleted one; of an
 * updated one the old and the new TID.  True if the row needs an event, as its
 * query has none that could tell which columns it assigns.
 */
bool
hooks_noting_row(HookNoteCall *call, ItemPointer row, ItemPointer new_row)
{
	bool		insert;
	ItemPointer old;
	ItemPointer new;
	bool		needs_event = false;

	if (call->run == NULL)
		return false;
	insert = call->run->event->action == HOOK_INSERT;
	old = insert ? NULL : row;
	new = insert ? row : new_row;
	for (int i = 0; i < call->run->length; i++)
	{
		HookCall   *hook_call = &call->run->calls[i];

		if (!wants_row(call, i, old, new))
			continue;
		if (unlikely(call->gone != hooks_notes_gone))
		{
			memset(call->notes, 0, sizeof(HookNote *) * call->run->length);
			call->gone = hooks_notes_gone;
		}
		if (call->notes[i] == NULL)
		{
			call->notes[i] = note_of(call, hook_call->member, old);
			needs_event |= call->notes[i]->columns != NULL && !call->has_event;
			call->has_event |= needs_event;
			if (unlikely(hooks_observed) && !needs_event)
				hooks_trace_noted(hook_call);
		}
		call->notes[i]->rows++;
	}
	release_row(call);
	return needs_event;
}

/*
 * The event of an UPDATE that note() asked for.
 */
void
hooks_noting_event(const TriggerData *trigdata)
{
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		hooks_note_settle(RelationGetRelid(trigdata->tg_relation),
						  &trigdata->tg_trigtuple->t_self,
						  trigdata->tg_updatedcols);
}

/*
 * A TRUNCATE of the table of some hooks, which has no rows to look at.
 */
void
hooks_noting_truncate(HookRun *run, const TriggerData *trigdata)
{
	Oid			relid = RelationGetRelid(trigdata->tg_relation);
	HookOrigin	origin = {HOOK_DEPTH_UNKNOWN};
	HookOccasion occasion = {0};

	Assert(run->event->phase == HOOK_BEFORE_COMMIT);
	occasion.relid = relid;
	occasion.relation_name = RelationGetRelationName(trigdata->tg_relation);
	occasion.caller = GetUserId();
	occasion.origin = &origin;
	for (int i = 0; i < run->length; i++)
	{
		HookCall   *call = &run->calls[i];
		HookNoteKey key;

		if (!hooks_fire_is_due(call, NULL) ||
			hooks_fire_commit_is_running(call->member->hook->hook_id) ||
			!hooks_call_test(run, call, &occasion, NULL, NULL))
			continue;
		key.hook_id = call->member->hook->hook_id;
		key.target = call->member->target;
		key.action = HOOK_TRUNCATE;
		(void) hooks_note_get(&key, relid, occasion.caller);
		if (unlikely(hooks_observed))
			hooks_trace_noted(call);
	}
}

/*
 * The kill switch keeps the hooks from firing for a row: counted once for a
 * statement.
 */
void
hooks_noting_left_out(HookNoteCall *call, const HookEvent *event)
{
	if (call->run != NULL && !call->bypassed)
		hooks_bypass_event(call->relid, event, HOOK_MISS_SWITCH);
	call->bypassed = true;
}
