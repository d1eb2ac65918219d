/*
 * event.c
 *		The trigger that stands for each event, and what goes together.
 *
 * Pure tables: nothing here has state.
 */
#include "postgres.h"

#include "catalog/pg_trigger.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "registry/event.h"

const HookEvent hooks_events[HOOK_EVENTS] = {
#define HOOK_EVENT(phase, level, action, trigger) \
	{phase, level, action, trigger},
#include "registry/words.h"
};

/*
 * The event of a phase, a level and an action, which must have one.
 */
const HookEvent *
hooks_event_find(HookPhase phase, HookLevel level, HookAction action)
{
	for (int i = 0; i < HOOK_EVENTS; i++)
		if (hooks_events[i].phase == phase && hooks_events[i].level == level &&
			hooks_events[i].action == action)
			return &hooks_events[i];
	elog(ERROR, "phase \"%s\" has no event for action \"%s\"",
		 hooks_word_of_phase(phase), hooks_word_of_action(action));
	return NULL;				/* keep compiler quiet */
}

/*
 * The event that a trigger of this name stands for, NULL for others.
 *
 * A table has at most one trigger of a name, so nobody can make a hook fire
 * twice by a second trigger on hooks.dispatch().
 */
const HookEvent *
hooks_event_by_trigger(const char *name)
{
	static const HookEvent *last = NULL;

	/* mostly the same one fires again */
	if (last != NULL && strcmp(last->trigger, name) == 0)
		return last;
	for (int i = 0; i < HOOK_EVENTS; i++)
		if (hooks_events[i].trigger != NULL &&
			strcmp(hooks_events[i].trigger, name) == 0)
			return last = &hooks_events[i];
	return NULL;
}

/*
 * The event whose hooks fire for the rows that another event's trigger
 * captures: before_closure for before_cascade of a delete.  NULL if there is
 * none.
 */
const HookEvent *
hooks_event_closure(const HookEvent *event)
{
	return event->phase != HOOK_BEFORE_CASCADE ||
		event->action != HOOK_DELETE ? NULL :
		hooks_event_find(HOOK_BEFORE_CLOSURE, HOOK_STATEMENT, HOOK_DELETE);
}

/*
 * Are rows captured into batches for the event?
 */
bool
hooks_event_captures(const HookEvent *event)
{
	return event->phase == HOOK_BEFORE_CLOSURE ||
		(event->phase == HOOK_BEFORE_CASCADE &&
		 (event->action & (HOOK_UPDATE | HOOK_DELETE)) != 0) ||
		(event->phase == HOOK_AFTER_COMMIT &&
		 (event->action & (HOOK_INSERT | HOOK_UPDATE | HOOK_DELETE)) != 0);
}

/*
 * Does the event's trigger note rows for the hooks that fire at commit?
 */
bool
hooks_event_notes(const HookEvent *event)
{
	return event->phase == HOOK_BEFORE_COMMIT &&
		event->action != HOOK_TRUNCATE;
}

/*
 * Has the event's trigger a WHEN, in which it captures or notes rows?
 */
bool
hooks_event_has_when(const HookEvent *event)
{
	return hooks_event_captures(event) || hooks_event_notes(event);
}

/*
 * The function that the triggers of a phase call in their WHEN; NULL if they
 * have none.
 */
const char *
hooks_event_when_function(HookPhase phase)
{
	return phase == HOOK_BEFORE_CASCADE ? "capture" :
		phase == HOOK_BEFORE_COMMIT ? "note" :
		phase == HOOK_AFTER_COMMIT ? "log_row" : NULL;
}

/*
 * Can a relation of this kind have hooks of the event?  Foreign tables have no
 * foreign keys, so that there is no cascade of rows to come before, and their
 * rows cannot be kept, nor fetched again at commit or for the log.  Views are
 * only read.
 */
bool
hooks_event_is_possible(const HookEvent *event, char relkind)
{
	if (relkind == RELKIND_VIEW)
		return (event->action & (HOOK_SELECT | HOOK_DROP)) != 0;
	if (relkind == RELKIND_MATVIEW)
		return (event->action & (HOOK_READ | HOOK_DROP)) != 0;
	return relkind != RELKIND_FOREIGN_TABLE || event->action == HOOK_DROP ||
		(event->phase != HOOK_BEFORE_CASCADE &&
		 event->phase != HOOK_BEFORE_CLOSURE &&
		 event->phase != HOOK_BEFORE_COMMIT &&
		 event->phase != HOOK_AFTER_COMMIT &&
		 event->action != HOOK_RESTORE &&
		 (event->action != HOOK_TRUNCATE || HOOKS_FOREIGN_TRUNCATE));
}

/*
 * Can the event's trigger have transition tables?
 */
bool
hooks_event_has_tables(const HookEvent *event)
{
	return event->phase == HOOK_AFTER && event->level == HOOK_STATEMENT &&
		event->action != HOOK_TRUNCATE;
}

/*
 * The command that makes the event's trigger on a table, whose name is quoted,
 * with transition tables or without.
 *
 * The trigger of an event that captures rows is an AFTER ROW trigger in
 * PostgreSQL's eyes: only then have all rows of the statement been chosen.
 */
char *
hooks_event_create_trigger(const HookEvent *event, const char *table,
						   bool tables)
{
	const char *when = hooks_event_when_function(event->phase);

	Assert(event->trigger != NULL);
	Assert(!tables || hooks_event_has_tables(event));
	return psprintf("CREATE TRIGGER %s %s %s ON %s%s%s%s FOR EACH %s%s EXECUTE FUNCTION hooks.dispatch()",
					quote_identifier(event->trigger),
					TRIGGER_FOR_BEFORE(hooks_event_trigger_type(event)) ?
					"BEFORE" : "AFTER",
					hooks_word_of_action(event->action), table,
					tables ? " REFERENCING" : "",
					tables && event->action != HOOK_INSERT ?
					" OLD TABLE AS old_table" : "",
					tables && event->action != HOOK_DELETE ?
					" NEW TABLE AS new_table" : "",
					hooks_event_of_rows(event) ? "ROW" : "STATEMENT",
					!hooks_event_has_when(event) ? "" :
					psprintf(" WHEN (hooks.%s(%s))", when,
							 event->action == HOOK_INSERT ?
							 "NEW.tableoid, NEW.ctid" :
							 event->action == HOOK_UPDATE ?
							 "OLD.tableoid, OLD.ctid, NEW.ctid" :
							 "OLD.tableoid, OLD.ctid"));
}

/*
 * Is the event's trigger FOR EACH ROW?  Then PostgreSQL fires it on the
 * partition that holds the row, and the hooks of its ancestors belong to its
 * chain.
 */
bool
hooks_event_of_rows(const HookEvent *event)
{
	return event->level == HOOK_ROW || hooks_event_has_when(event);
}

/*
 * The event's trigger as pg_trigger.tgtype has it.
 */
int16
hooks_event_trigger_type(const HookEvent *event)
{
	int16		type = 0;

	if (hooks_event_of_rows(event))
		type |= TRIGGER_TYPE_ROW;
	if (event->phase == HOOK_BEFORE ||
		(event->phase == HOOK_BEFORE_CASCADE && !hooks_event_captures(event)))
		type |= TRIGGER_TYPE_BEFORE;
	switch (event->action)
	{
		case HOOK_INSERT:
			return type | TRIGGER_TYPE_INSERT;
		case HOOK_UPDATE:
			return type | TRIGGER_TYPE_UPDATE;
		case HOOK_DELETE:
			return type | TRIGGER_TYPE_DELETE;
		default:
			return type | TRIGGER_TYPE_TRUNCATE;
	}
}

/*
 * Are hooks of this phase for rows or statements, rather than for transactions
 * or deliveries?
 */
bool
hooks_event_has_level(HookPhase phase)
{
	return phase != HOOK_BEFORE_COMMIT && phase != HOOK_AFTER_COMMIT &&
		phase != HOOK_ON_FAILURE && phase != HOOK_STARTUP;
}

/*
 * Can hooks of this phase have the policy?  What is committed, or has failed,
 * cannot be aborted, and only an event of the log can be delivered again.  A
 * session that starts cannot wait for the registry, as a quarantine might.
 */
bool
hooks_event_allows_policy(HookPhase phase, HookPolicy policy)
{
	if (phase == HOOK_ON_FAILURE && policy == HOOK_ABORT)
		return false;
	if (phase == HOOK_STARTUP)
		return policy == HOOK_ABORT || policy == HOOK_ISOLATE;
	return phase == HOOK_AFTER_COMMIT ? policy != HOOK_ABORT :
		policy != HOOK_RETRY;
}

/*
 * Does a hook of this phase, level and actions fire at the event?  The moment
 * of naming, and a put, may come with an INSERT or with an UPDATE.
 */
bool
hooks_event_wants(const HookEvent *event, HookPhase phase, HookLevel level,
				  int actions)
{
	if (actions & (HOOK_NAME | HOOK_PUT))
		actions |= HOOK_INSERT | HOOK_UPDATE;
	return event->phase == phase && event->level == level &&
		(event->action & actions) != 0;
}

/*
 * For which of its actions a hook that wants the event is told of it: how many
 * there are, and which.  Two, if it is for an insert or update and for the
 * name that this gives the row.
 */
int
hooks_event_told(const HookEvent *event, int actions, HookAction told[2])
{
	int			n = 0;

	if (actions & event->action)
		told[n++] = event->action;
	else if (actions & HOOK_PUT)
		told[n++] = HOOK_PUT;
	if ((actions & HOOK_NAME) &&
		(event->action & (HOOK_INSERT | HOOK_UPDATE)))
		told[n++] = HOOK_NAME;
	Assert(n > 0);
	return n;
}

/*
 * The actions that hooks of a phase and level can have.
 */
int
hooks_event_actions(HookPhase phase, HookLevel level)
{
	int			actions = 0;

	for (int i = 0; i < HOOK_EVENTS; i++)
		if (hooks_events[i].phase == phase && hooks_events[i].level == level)
			actions |= hooks_events[i].action;
	if (phase == HOOK_BEFORE || phase == HOOK_AFTER)
		actions |= level == HOOK_ROW ? HOOK_NAME | HOOK_PUT : HOOK_PUT;
	if (phase == HOOK_BEFORE_COMMIT || phase == HOOK_AFTER_COMMIT)
		actions |= HOOK_NAME;
	return actions;
}

/*
 * Can hooks of a phase and level have action name, among these actions?  At
 * commit it stands alone.
 */
bool
hooks_event_names(HookPhase phase, HookLevel level, int actions)
{
	return hooks_event_has_level(phase) ? level == HOOK_ROW :
		level == HOOK_NO_LEVEL && actions == HOOK_NAME;
}

/*
 * Do these go together, as hooks.register() has them?
 */
bool
hooks_event_makes_sense(HookPhase phase, HookLevel level, int actions,
						bool columns)
{
	bool		found = false;

	for (int i = 0; i < HOOK_EVENTS; i++)
		found |= hooks_event_wants(&hooks_events[i], phase, level, actions);
	if (!found ||
		((actions & HOOK_ON_STARTUP) != 0) != (phase == HOOK_STARTUP))
		return false;
	if (hooks_word_mixes_shapes(phase, actions) ||
		((actions & HOOK_PUT) &&
		 phase != HOOK_BEFORE && phase != HOOK_AFTER) ||
		((actions & HOOK_NAME) &&
		 (!columns || !hooks_event_names(phase, level, actions))))
		return false;
	return !columns || (actions & (HOOK_UPDATE | HOOK_NAME)) != 0;
}
