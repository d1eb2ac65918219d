/*
 * bypass.c
 *		Counts what statements leave out as a whole.
 *
 * The kill switch keeps all hooks of an event from firing, and so do a
 * trigger of ours that somebody has disabled (as pg_restore --disable-triggers
 * does) or that the replication role leaves out, and a restore that skips
 * triggers.  Rows and conditions are not checked: each hook has missed one
 * statement.
 *
 * An error here must not fail the statement: the kill switch is used when
 * something is wrong.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/heap.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "commands/trigger.h"
#include "storage/lmgr.h"

#include "base/attempt.h"
#include "firing/bypass.h"
#include "firing/chain.h"
#include "firing/stats.h"
#include "firing/trace.h"
#include "registry/present.h"

/* what count_chain() is for */
typedef struct BypassedEvent
{
	Oid			relid;
	const HookEvent *event;
	HookMiss	why;
	bool		own;			/* only hooks on the relation itself, and not
								 * those of the tables above */
} BypassedEvent;

static void
count_chain(void *arg)
{
	const BypassedEvent *bypassed = arg;
	HookRelation *relation = hooks_chain_pin(bypassed->relid);
	const HookChain *chain = hooks_chain_of(relation, bypassed->event);

	for (int i = 0; i < chain->length; i++)
	{
		const HookMember *member = chain->members[i];

		if (bypassed->own && member->target != bypassed->relid)
			continue;

		/* hooks that do not fire in this session anyway miss nothing */
		if (!hooks_member_fires_here(member) &&
			!hooks_member_is_left_out(member))
			continue;
		hooks_stats_begin(member->tally);
		hooks_stats_count_bypass(member->tally);
		if (unlikely(hooks_observed))
			hooks_trace_miss_member(member, bypassed->event, bypassed->relid,
									hooks_member_role_fires(member) ?
									bypassed->why : HOOK_MISS_ROLE);
	}
	if (unlikely(hooks_observed))
		hooks_trace_absent(relation, bypassed->event, InvalidOid);
	hooks_chain_unpin(relation);
}

/*
 * A statement has left out the hooks of an event, and those that fire with it.
 */
void
hooks_bypass_event(Oid relid, const HookEvent *event, HookMiss why)
{
	BypassedEvent bypassed = {relid, event, why};

	(void) hooks_attempt(count_chain, &bypassed);
	bypassed.event = hooks_event_closure(event);
	if (bypassed.event != NULL)
		(void) hooks_attempt(count_chain, &bypassed);
}

/*
 * A statement has written to a table of which triggers of ours may be
 * disabled.  "actions": what it may do, as bits.
 */
void
hooks_bypass_disabled(Relation rel, int actions)
{
	const TriggerDesc *triggers = rel->trigdesc;
	bool		missed[HOOK_EVENTS] = {false};

	/* To count may make the relcache build the triggers anew */
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		const HookEvent *event;

		if (!hooks_bypass_is_switched_off(trigger))
			continue;
		event = hooks_event_by_trigger(trigger->tgname);
		if (event != NULL && (event->action & actions))
			missed[event - hooks_events] = true;
	}
	for (int i = 0; i < HOOK_EVENTS; i++)
	{
		if (missed[i])
			hooks_bypass_event(RelationGetRelid(rel), &hooks_events[i],
							   HOOK_MISS_TRIGGER);
	}
}

/*
 * A restore that skips triggers has written to a table.  "named": that is the
 * table of the statement, and not a partition of it.
 */
void
hooks_bypass_skipped(Relation rel, int actions, bool named)
{
	HookRelation *relation;
	bool		missed[HOOK_EVENTS] = {false};

	if (rel->trigdesc == NULL)
		return;
	relation = hooks_chain_pin(RelationGetRelid(rel));
	for (int i = 0; i < HOOK_EVENTS; i++)
	{
		const HookEvent *event = &hooks_events[i];

		missed[i] = event->trigger != NULL &&
			(event->action & actions) &&
			(named || hooks_event_of_rows(event)) &&
			hooks_chain_of(relation, event)->length > 0;
	}
	hooks_chain_unpin(relation);
	for (int i = 0; i < HOOK_EVENTS; i++)
	{
		BypassedEvent bypassed = {RelationGetRelid(rel), &hooks_events[i],
			HOOK_MISS_RESTORE, !named};

		if (missed[i])
			(void) hooks_attempt(count_chain, &bypassed);
	}
}

/*
 * Has the trigger of an event been called for a table in a statement?
 */
static bool
was_called(const ResultRelInfo *table, const HookEvent *event)
{
	const TriggerDesc *triggers = table->ri_TrigDesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		if (hooks_event_by_trigger(triggers->triggers[i].tgname) == event)
			return OidIsValid(table->ri_TrigFunctions[i].fn_oid);
	}
	return false;
}

/*
 * For whoever observes: a statement has changed no row of a table, so that
 * nothing that waits for rows fires.  Phase before may have seen some that
 * were skipped.
 */
void
hooks_bypass_no_rows(const ResultRelInfo *table, int actions)
{
	Relation	rel = table->ri_RelationDesc;
	HookRelation *relation;

	if (rel->trigdesc == NULL)
		return;
	relation = hooks_chain_pin(RelationGetRelid(rel));
	for (int i = 0; i < HOOK_EVENTS; i++)
	{
		const HookEvent *event = &hooks_events[i];
		const HookChain *chain = hooks_chain_of(relation, event);

		if (!hooks_event_of_rows(event) || !(event->action & actions) ||
			(event->phase == HOOK_BEFORE && was_called(table, event)))
			continue;
		for (int j = 0; j < chain->length; j++)
		{
			const HookMember *member = chain->members[j];

			hooks_trace_miss_member(member, event, relation->relid,
									hooks_member_fires_here(member) ?
									HOOK_MISS_NO_ROWS :
									hooks_trace_why_out(member));
		}
		hooks_trace_absent(relation, event, InvalidOid);
	}
	hooks_chain_unpin(relation);
}

/*
 * A COPY FROM has written to the table of this name.  Only now does its lock
 * keep the name: a table that had it before may be gone.
 */
void
hooks_bypass_copied(const RangeVar *name)
{
	Oid			relid = RangeVarGetRelid(name, AccessShareLock, true);
	Relation	rel;

	if (!OidIsValid(relid))
		return;
	rel = relation_open(relid, NoLock);
	if (unlikely(hooks_bypass_is_likely(rel)))
		hooks_bypass_disabled(rel, HOOK_INSERT);
	relation_close(rel, NoLock);
}

/*
 * The tables that a TRUNCATE has emptied; among them may be temporary ones of
 * other sessions, which it has not.
 */
static List *
truncated_tables(const TruncateStmt *statement)
{
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, statement->relations)
	{
		const RangeVar *name = lfirst_node(RangeVar, lc);
		Oid			relid = RangeVarGetRelid(name, NoLock, true);

		if (!OidIsValid(relid))
			continue;
		tables = list_concat_unique_oid(tables, name->inh ?
										find_all_inheritors(relid, NoLock,
															NULL) :
										list_make1_oid(relid));
	}
	while (statement->behavior == DROP_CASCADE)
	{
		List	   *referencing = heap_truncate_find_FKs(tables);

		if (referencing == NIL)
			break;
		tables = list_concat(tables, referencing);
	}
	return tables;
}

/*
 * A TRUNCATE has emptied its tables, which it keeps locked.
 */
void
hooks_bypass_truncated(const TruncateStmt *statement)
{
	ListCell   *lc;

	if (!hooks_present_registry())
		return;
	foreach(lc, truncated_tables(statement))
	{
		Oid			relid = lfirst_oid(lc);
		Relation	rel;

		/* nothing to wait for */
		if (!ConditionalLockRelationOid(relid, AccessShareLock))
			continue;
		rel = try_relation_open(relid, NoLock);
		if (rel != NULL && unlikely(hooks_bypass_is_likely(rel)))
			hooks_bypass_disabled(rel, HOOK_TRUNCATE);
		if (rel != NULL)
			relation_close(rel, NoLock);
		UnlockRelationOid(relid, AccessShareLock);
	}
}
