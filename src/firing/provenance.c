/*
 * provenance.c
 *		Where the rows come from for which a trigger fires.
 *
 * origin.c notes what the referential actions of a cascade do; here an event
 * of a trigger is traced back to one of them, or to the statement itself.
 * What tells depends on the event: the running query before and within an
 * action, the command that changed the row for AFTER ROW, what has joined for
 * AFTER STATEMENT.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/combocid.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "firing/parent.h"
#include "firing/provenance.h"
#include "firing/truncate.h"

/*
 * Can a referential action change rows of the table?
 */
static bool
refers_to_others(Relation rel)
{
	return RelationGetFKeyList(rel) != NIL;
}

/*
 * Does the running TRUNCATE name the table?  If it was not seen: only what
 * refers to others is reached by CASCADE.
 */
static bool
is_truncated_itself(Relation rel)
{
	Oid			named;

	return hooks_truncate == NULL ? !refers_to_others(rel) :
		hooks_truncate_names(hooks_truncate, rel, &named);
}

/*
 * The command that made the row of an AFTER ROW event what it is; false if the
 * row does not tell.
 */
static bool
command_of_row(const TriggerData *trigdata, CommandId *command)
{
	HeapTupleHeader header;

	if (!TTS_IS_BUFFERTUPLE(trigdata->tg_trigslot))
		return false;
	header = trigdata->tg_trigtuple->t_data;
	if (!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		return hooks_parent_changed_by(header, command);
	if (!TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(header)))
		return false;
	*command = HeapTupleHeaderGetCmin(header);
	return true;
}

/*
 * Where the row of an AFTER ROW event comes from.
 */
static void
origin_of_row(HookStatement *statement, const TriggerData *trigdata,
			  HookOrigin *origin)
{
	Oid			relid = RelationGetRelid(trigdata->tg_relation);
	CommandId	command;
	CommandId	own;
	HookKeyAction *action;

	if (!command_of_row(trigdata, &command))
		return;

	/* While its triggers fire, the snapshot is still the statement's */
	if (statement != NULL)
		own = statement->query->estate->es_output_cid;
	else if (ActiveSnapshotSet())
		own = GetActiveSnapshot()->curcid;
	else
		return;
	if (command == own)
		origin->depth = 0;
	else if (statement != NULL)
	{
		action = hooks_origin_of_command(hooks_statement_cascade(statement),
										 relid, command);
		if (action != NULL)
			hooks_origin_of_action(action, origin);
	}
}

/*
 * Has the table a trigger FOR EACH ROW with transition tables for the event?
 */
static bool
has_row_trigger_with_tables(const TriggerDesc *triggers, TriggerEvent event)
{
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (TRIGGER_FOR_ROW(trigger->tgtype) &&
			(trigger->tgoldtable != NULL || trigger->tgnewtable != NULL) &&
			(TRIGGER_FIRED_BY_DELETE(event) ?
			 TRIGGER_FOR_DELETE(trigger->tgtype) :
			 TRIGGER_FIRED_BY_UPDATE(event) ?
			 TRIGGER_FOR_UPDATE(trigger->tgtype) :
			 TRIGGER_FOR_INSERT(trigger->tgtype)))
			return true;
	}
	return false;
}

/*
 * Where the rows of an AFTER STATEMENT event come from.
 */
static void
origin_of_statement(HookStatement *statement, const TriggerData *trigdata,
					HookOrigin *origin)
{
	Relation	rel = trigdata->tg_relation;
	TriggerEvent event = trigdata->tg_event;
	CmdType		operation = hooks_statement_operation(event);
	HookRoot	root;
	bool		own = hooks_root_of_table(statement->query->plannedstmt,
										  RelationGetRelid(rel), operation,
										  &root);

	hooks_origin_of_statement(hooks_statement_cascade(statement),
							  RelationGetRelid(rel),
							  operation, own ? &root : NULL,
							  has_row_trigger_with_tables(rel->trigdesc,
														  event),
							  origin);
}

/*
 * Where the rows come from for which a trigger of ours fires.  Not for
 * batches, which know; for an AFTER STATEMENT event to be asked once, when it
 * fires.
 */
void
hooks_provenance_of_event(HookStatement *statement, const HookEvent *event,
						  const TriggerData *trigdata, HookOrigin *origin)
{
	bool		insert = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event);

	Assert(!hooks_event_captures(event));
	memset(origin, 0, sizeof(HookOrigin));
	origin->depth = HOOK_DEPTH_UNKNOWN;
	if (event->action == HOOK_TRUNCATE)
	{
		origin->truncate = hooks_truncate;
		if (is_truncated_itself(trigdata->tg_relation))
			origin->depth = 0;
	}
	else if (statement != NULL && statement->query == NULL)
		origin->depth = 0;
	else if (statement != NULL && statement->referential)
		hooks_origin_of_action(statement->action, origin);
	else if (statement == NULL && InNoForceRLSOperation())
		 /* in an action that was not seen */ ;
	else if (event->phase != HOOK_AFTER)
		origin->depth = 0;
	else if (trigdata->tg_relation->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
		origin->depth = 0;		/* it cannot have foreign keys */
	else if (statement == NULL &&
			 (hooks_statement_all_seen() ||
			  !refers_to_others(trigdata->tg_relation)))
		origin->depth = 0;
	else if (event->level == HOOK_ROW)
		origin_of_row(statement, trigdata, origin);
	else if (statement != NULL)
		origin_of_statement(statement, trigdata, origin);
	else if (insert)
		origin->depth = 0;
}
