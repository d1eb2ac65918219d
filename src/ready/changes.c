/*
 * changes.c
 *		The rows that an after firing is about: that of its trigger or, at
 *		level statement, those of its transition tables.
 *
 * trigger.c adds the old and the new version of an updated row to their tables
 * at the same time, so that the n-th rows of both belong together.  Only where
 * a trigger skips a row that moves to another partition has one table more
 * than the other; then nothing tells which belong together, and each version
 * is a change of its own.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "ready/changes.h"

static TupleTableSlot *
begin_table(const TriggerData *trigdata, Tuplestorestate *table, int *pointer)
{
	if (table == NULL)
		return NULL;
	*pointer = tuplestore_alloc_read_pointer(table, EXEC_FLAG_REWIND);
	tuplestore_select_read_pointer(table, *pointer);
	tuplestore_rescan(table);
	return MakeSingleTupleTableSlot(RelationGetDescr(trigdata->tg_relation),
									&TTSOpsMinimalTuple);
}

/*
 * Begins with the first change; can be called again.  The other functions must
 * be called in the same memory context.
 */
void
hooks_changes_begin(HookChanges *changes, const TriggerData *trigdata)
{
	Tuplestorestate *old = trigdata->tg_oldtable;
	Tuplestorestate *new = trigdata->tg_newtable;

	memset(changes, 0, sizeof(HookChanges));
	changes->trigdata = trigdata;
	if (TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
	{
		changes->count = 1;
		return;
	}
	changes->old_slot = begin_table(trigdata, old, &changes->old_pointer);
	changes->new_slot = begin_table(trigdata, new, &changes->new_pointer);
	if (old != NULL)
		changes->count += tuplestore_tuple_count(old);
	changes->paired = old != NULL && new != NULL &&
		tuplestore_tuple_count(new) == changes->count;
	if (new != NULL && !changes->paired)
		changes->count += tuplestore_tuple_count(new);
}

static TupleTableSlot *
next_row(Tuplestorestate *table, TupleTableSlot *slot, int pointer)
{
	if (table == NULL)
		return NULL;
	tuplestore_select_read_pointer(table, pointer);
	return tuplestore_gettupleslot(table, true, false, slot) ? slot : NULL;
}

/*
 * Goes on to the next change; false if there is none.
 */
bool
hooks_changes_next(HookChanges *changes)
{
	const TriggerData *trigdata = changes->trigdata;
	bool		insert = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event);

	if (TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
	{
		changes->old = insert ? NULL : trigdata->tg_trigslot;
		changes->new = insert ? trigdata->tg_trigslot :
			TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
			trigdata->tg_newslot : NULL;
		return !changes->done && (changes->done = true);
	}
	changes->old = next_row(trigdata->tg_oldtable, changes->old_slot,
							changes->old_pointer);
	changes->new = NULL;
	if (changes->old == NULL || changes->paired)
		changes->new = next_row(trigdata->tg_newtable, changes->new_slot,
								changes->new_pointer);
	return changes->old != NULL || changes->new != NULL;
}

void
hooks_changes_end(HookChanges *changes)
{
	if (changes->old_slot != NULL)
		ExecDropSingleTupleTableSlot(changes->old_slot);
	if (changes->new_slot != NULL)
		ExecDropSingleTupleTableSlot(changes->new_slot);
}
