/*
 * parent.c
 *		The row that a referential action follows.
 *
 * While a query of ri_triggers.c runs, trigger.c has the row whose event it is
 * in the slot for old rows of a table of the level's statement.
 *
 * trigger.c itself goes through the list of the level's tables when an event
 * is of another table than the one before, or of a row that has moved; we go
 * through it from where the parent was last, which is the same table or the
 * next one in most cases.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "utils/combocid.h"
#include "utils/rel.h"

#include "firing/parent.h"

/*
 * Did this transaction delete or update the row version, and by which command?
 */
bool
hooks_parent_changed_by(HeapTupleHeader header, CommandId *command)
{
	TransactionId xmax;

	if ((header->t_infomask & HEAP_XMAX_INVALID) != 0 ||
		HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask))
		return false;
	xmax = HeapTupleHeaderGetUpdateXid(header);
	if (!TransactionIdIsCurrentTransactionId(xmax))
		return false;
	*command = HeapTupleHeaderGetCmax(header);
	return true;
}

static void
clear_slots(List *relations)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		TupleTableSlot *slot = ((ResultRelInfo *) lfirst(lc))->ri_TrigOldSlot;

		if (slot != NULL)
			ExecClearTuple(slot);
	}
}

static TupleTableSlot *
clear_all_slots(PlanState *last)
{
	clear_slots(last->state->es_opened_result_relations);
	clear_slots(last->state->es_tuple_routing_result_relations);
	clear_slots(last->state->es_trig_target_relations);
	return NULL;
}

/*
 * The statement is about to finish: when it fires its AFTER triggers, no slot
 * is to hold what was left behind while it ran.  From then on trigger.c fills
 * the slot for each event, and empties it when that is done.
 *
 * Before that the executor runs what is left of the queries in WITH, which may
 * leave something behind; so what empties the slots is made the last of these.
 */
void
hooks_parent_clear_slots(EState *level)
{
	PlanState	last = {0};

	last.type = T_ResultState;
	last.state = level;
	last.ExecProcNode = clear_all_slots;
	if (level->es_auxmodifytables == NIL)
		(void) clear_all_slots(&last);
	else
	{
		MemoryContext old = MemoryContextSwitchTo(level->es_query_cxt);
		PlanState  *copy = palloc(sizeof(PlanState));

		*copy = last;
		level->es_auxmodifytables = lappend(level->es_auxmodifytables, copy);
		MemoryContextSwitchTo(old);
	}
}

static inline bool
changed_of_slot(TupleTableSlot *slot, CommandId *changed)
{
	return TTS_IS_BUFFERTUPLE(slot) &&
		hooks_parent_changed_by(ExecFetchSlotHeapTuple(slot, false,
													   NULL)->t_data,
								changed);
}

/*
 * One more table whose slot may have the parent's row: it has it if the row
 * was changed later than those of the others, as trigger.c fires the events of
 * a level in the order in which they were queued.
 */
static void
consider_parent(HookParentRow *parent, const ResultRelInfo *relation)
{
	Oid			relid = RelationGetRelid(relation->ri_RelationDesc);
	CommandId	changed;

	if (!changed_of_slot(relation->ri_TrigOldSlot, &changed))
		return;
	if (!parent->known || changed > parent->changed)
	{
		parent->known = true;
		parent->changed = changed;
		parent->relid = relid;
	}
	else if (changed == parent->changed && relid != parent->relid)
		parent->relid = InvalidOid;
}

/*
 * Looks for the parent's row in the slots of the level's tables, which are in
 * three lists: they count as one, which grows at its end only.
 *
 * The event of a row that has moved between partitions is one of the
 * partitioned table, which then has a copy in its slot.  The row itself is in
 * that of the partition, or rather of its ResultRelInfo below the partitioned
 * table's; this slot trigger.c does not empty.  (Other events use them too
 * only in the first minor releases of PostgreSQL 15.)
 */
void
hooks_parent_find(const EState *level, int *place, HookParentRow *parent)
{
	List	   *lists[] = {level->es_opened_result_relations,
		level->es_tuple_routing_result_relations,
	level->es_trig_target_relations};
	Oid			moved_in = InvalidOid;
	int			total = 0;

	for (int i = 0; i < lengthof(lists); i++)
		total += list_length(lists[i]);
	for (int n = total; n > 0; n--, (*place)++)
	{
		int			list = 0;
		int			position;
		ResultRelInfo *relation;
		TupleTableSlot *slot;

		if (*place >= total)
			*place = 0;
		position = *place;
		while (position >= list_length(lists[list]))
			position -= list_length(lists[list++]);
		relation = list_nth(lists[list], position);
		slot = relation->ri_TrigOldSlot;
		if (slot == NULL || TTS_EMPTY(slot))
			continue;
		if (relation->ri_RelationDesc->rd_rel->relkind ==
			RELKIND_PARTITIONED_TABLE)
			moved_in = RelationGetRelid(relation->ri_RelationDesc);
		else if (relation->ri_RootResultRelInfo != NULL)
			consider_parent(parent, relation);
		else
		{
			parent->relid = RelationGetRelid(relation->ri_RelationDesc);
			parent->known = changed_of_slot(slot, &parent->changed);
			return;
		}
	}
	if (OidIsValid(moved_in))
		parent->relid = moved_in;
}
