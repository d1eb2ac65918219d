/*
 * event.c
 *		The words of the registry, and the trigger that stands for each event.
 *
 * Pure tables: nothing here has state, and only the parsers throw (22023,
 * 0A000).
 */
#include "postgres.h"

#include "catalog/pg_trigger.h"
#include "lib/stringinfo.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "registry/event.h"

typedef struct HookWord
{
	const char *word;
	int			value;
	bool		later;			/* known, but not to this version's users */
	bool		with_jsonb;		/* the callback takes the event as jsonb */
	bool		vetoes;			/* of a phase: not too late for a veto */
} HookWord;

/* what kind of word a table holds, for messages, and its words */
typedef struct HookWordList
{
	const char *what;
	const HookWord *words;
	int			length;
} HookWordList;

/* the values of the columns of words.h */
enum
{
	SINCE_now,
	SINCE_later
};
enum
{
	CALLBACK_as_trigger,
	CALLBACK_with_jsonb
};
enum
{
	VETO_can_veto,
	VETO_too_late
};

#define WORD(symbol, word, since) \
	{word, symbol, SINCE_##since == SINCE_later},
#define WORD_LIST(what, words) {what, words, lengthof(words)}

static const HookWord phases[] = {
#define HOOK_PHASE_WORD(symbol, word, since, callback, veto) \
	{word, symbol, SINCE_##since == SINCE_later, \
	 CALLBACK_##callback == CALLBACK_with_jsonb, \
	 VETO_##veto == VETO_can_veto},
#include "registry/words.h"
};

/* the groups come last, so that printing finds the single action first */
static const HookWord actions_and_groups[] = {
#define HOOK_ACTION_WORD(symbol, word, since, callback) \
	{word, symbol, SINCE_##since == SINCE_later, \
	 CALLBACK_##callback == CALLBACK_with_jsonb},
#include "registry/words.h"
#define HOOK_GROUP_WORD(symbol, word, since, actions) WORD(symbol, word, since)
#include "registry/words.h"
};

static const HookWord levels[] = {
#define HOOK_LEVEL_WORD WORD
#include "registry/words.h"
};

static const HookWord policies[] = {
#define HOOK_POLICY_WORD WORD
#include "registry/words.h"
};

static const HookWord run_ases[] = {
#define HOOK_RUN_AS_WORD WORD
#include "registry/words.h"
};

static const HookWord fires[] = {
#define HOOK_FIRE_WORD WORD
#include "registry/words.h"
};

static const HookWord activations[] = {
#define HOOK_ACTIVATION_WORD WORD
#include "registry/words.h"
};

static const HookWordList phase_words = WORD_LIST("phase", phases);
static const HookWordList action_words =
WORD_LIST("action", actions_and_groups);
static const HookWordList level_words = WORD_LIST("level", levels);
static const HookWordList policy_words =
WORD_LIST("on_error policy", policies);
static const HookWordList run_as_words = WORD_LIST("run_as", run_ases);
static const HookWordList fire_words = WORD_LIST("fire", fires);
static const HookWordList activation_words =
WORD_LIST("activation", activations);

const HookEvent hooks_events[HOOK_EVENTS] = {
#define HOOK_EVENT(phase, level, action, trigger) \
	{phase, level, action, trigger},
#include "registry/words.h"
};

static const HookWord *
find_word(const HookWordList *list, const char *given)
{
	for (int i = 0; i < list->length; i++)
		if (strcmp(list->words[i].word, given) == 0)
			return &list->words[i];
	return NULL;
}

/* is it a word that this version understands? */
static bool
is_word(const HookWordList *list, const char *given)
{
	const HookWord *word = find_word(list, given);

	return word != NULL && !word->later;
}

/*
 * The value of a word; with the list of valid words 22023 if it is none, 0A000
 * if it will be one.
 */
static int
parse_word(const HookWordList *list, const char *given)
{
	const HookWord *word = find_word(list, given);
	StringInfoData valid;

	if (word != NULL && !word->later)
		return word->value;

	initStringInfo(&valid);
	for (int i = 0; i < list->length; i++)
		if (!list->words[i].later)
			appendStringInfo(&valid, "%s\"%s\"",
							 valid.len > 0 ? ", " : "", list->words[i].word);
	ereport(ERROR,
			(errcode(word != NULL ? ERRCODE_FEATURE_NOT_SUPPORTED :
					 ERRCODE_INVALID_PARAMETER_VALUE),
			 word != NULL ?
			 errmsg("hook %s \"%s\" is not supported by this version",
					list->what, given) :
			 errmsg("unrecognized hook %s: \"%s\"", list->what, given),
			 errhint("Valid values are %s.", valid.data)));
	return 0;					/* keep compiler quiet */
}

static const char *
print_word(const HookWordList *list, int value)
{
	for (int i = 0; i < list->length; i++)
		if (list->words[i].value == value)
			return list->words[i].word;
	elog(ERROR, "unrecognized hook %s: %d", list->what, value);
	return NULL;				/* keep compiler quiet */
}

HookPhase
hooks_event_parse_phase(const char *given)
{
	return (HookPhase) parse_word(&phase_words, given);
}

/*
 * The actions of a comma list, with groups spelled out, as bits; in *named
 * those that are in it by their own names.  If one is none, *unknown is it.
 */
static int
find_actions(const char *given, int *named, const char **unknown)
{
	char	   *part = pstrdup(given);
	int			actions = 0;

	*named = 0;
	*unknown = NULL;
	while (part != NULL)
	{
		char	   *next = strchr(part, ',');
		char	   *end;

		if (next != NULL)
			*next++ = '\0';
		while (*part == ' ' || *part == '\t' || *part == '\n')
			part++;
		end = part + strlen(part);
		while (end > part && strchr(" \t\n", end[-1]) != NULL)
			*--end = '\0';
		if (is_word(&action_words, part))
		{
			int			value = find_word(&action_words, part)->value;

			actions |= value;
			if (pg_popcount32(value) == 1)
				*named |= value;
		}
		else
			*unknown = part;
		part = next;
	}
	return actions;
}

/*
 * The actions of a comma list, with groups spelled out, as bits; in *named
 * those that are in it by their own names.  22023 if one is none.
 */
int
hooks_event_parse_asked(const char *given, int *named)
{
	const char *unknown;
	int			actions = find_actions(given, named, &unknown);

	return unknown == NULL ? actions : parse_word(&action_words, unknown);
}

/*
 * The same, without those that are none.
 */
int
hooks_event_find_actions(const char *given)
{
	const char *unknown;
	int			named;

	return find_actions(given, &named, &unknown);
}

int
hooks_event_parse_actions(const char *given)
{
	int			named;

	return hooks_event_parse_asked(given, &named);
}

/*
 * Which of the words of a hook is none, as "phase" or "action"; NULL if all
 * are, and can be parsed.  level may be NULL.
 */
const char *
hooks_event_unknown_word(const char *phase, const char *action,
						 const char *level, const char *policy,
						 const char *run_as, const char *fire)
{
	const HookWordList *const lists[] = {&phase_words, &level_words,
		&policy_words, &run_as_words, &fire_words};
	const char *const words[] = {phase, level, policy, run_as, fire};
	const char *unknown;
	int			named;

	for (int i = 0; i < lengthof(words); i++)
		if (words[i] != NULL && !is_word(lists[i], words[i]))
			return lists[i]->what;
	(void) find_actions(action, &named, &unknown);
	return unknown == NULL ? NULL : action_words.what;
}

HookLevel
hooks_event_parse_level(const char *given)
{
	return (HookLevel) parse_word(&level_words, given);
}

HookPolicy
hooks_event_parse_policy(const char *given)
{
	return (HookPolicy) parse_word(&policy_words, given);
}

HookRunAs
hooks_event_parse_run_as(const char *given)
{
	return (HookRunAs) parse_word(&run_as_words, given);
}

HookFire
hooks_event_parse_fire(const char *given)
{
	return (HookFire) parse_word(&fire_words, given);
}

HookActivation
hooks_event_parse_activation(const char *given)
{
	return (HookActivation) parse_word(&activation_words, given);
}

const char *
hooks_event_phase_word(HookPhase phase)
{
	return print_word(&phase_words, phase);
}

const char *
hooks_event_action_word(HookAction action)
{
	return print_word(&action_words, action);
}

/*
 * The comma list of a set of actions, in the order of the enum.
 */
char *
hooks_event_action_list(int actions)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int action = 1; action <= actions; action <<= 1)
		if (actions & action)
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "",
							 hooks_event_action_word((HookAction) action));
	return list.data;
}

/* NULL for phases that have no level */
const char *
hooks_event_level_word(HookLevel level)
{
	return level == HOOK_NO_LEVEL ? NULL : print_word(&level_words, level);
}

const char *
hooks_event_policy_word(HookPolicy policy)
{
	return print_word(&policy_words, policy);
}

const char *
hooks_event_run_as_word(HookRunAs run_as)
{
	return print_word(&run_as_words, run_as);
}

const char *
hooks_event_fire_word(HookFire fire)
{
	return print_word(&fire_words, fire);
}

const char *
hooks_event_activation_word(HookActivation activation)
{
	return print_word(&activation_words, activation);
}

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
		 hooks_event_phase_word(phase), hooks_event_action_word(action));
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
 * rows cannot be fetched again at commit or for the log.  Views are only read.
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
					hooks_event_action_word(event->action), table,
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
 * Is the callback of such a hook called with the event as jsonb, instead of as
 * a trigger function?
 */
bool
hooks_event_takes_jsonb(HookPhase phase, int actions)
{
	Assert(phases[phase].value == phase);
	if (phases[phase].with_jsonb)
		return true;
	for (int i = 0; i < lengthof(actions_and_groups); i++)
		if ((actions_and_groups[i].value & actions) != 0 &&
			actions_and_groups[i].with_jsonb)
			return true;
	return false;
}

/*
 * The actions that are told as jsonb in every phase.
 */
int
hooks_event_jsonb_actions(void)
{
	int			actions = 0;

	for (int i = 0; i < lengthof(actions_and_groups); i++)
		if (actions_and_groups[i].with_jsonb)
			actions |= actions_and_groups[i].value;
	return actions;
}

/*
 * Do the callbacks of some actions have two shapes?
 */
bool
hooks_event_mixes_shapes(HookPhase phase, int actions)
{
	int			jsonb = hooks_event_jsonb_actions();

	return !phases[phase].with_jsonb && (actions & jsonb) != 0 &&
		(actions & ~jsonb) != 0;
}

/*
 * Does hooks.cancel() stop the statement in this phase, whatever the policy?
 */
bool
hooks_event_can_veto(HookPhase phase)
{
	Assert(phases[phase].value == phase);
	return phases[phase].vetoes;
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
	if (level == HOOK_ROW ||
		phase == HOOK_BEFORE_COMMIT || phase == HOOK_AFTER_COMMIT)
		actions |= HOOK_NAME;
	if (phase == HOOK_BEFORE || phase == HOOK_AFTER)
		actions |= HOOK_PUT;
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
	if (hooks_event_mixes_shapes(phase, actions) ||
		((actions & HOOK_PUT) &&
		 phase != HOOK_BEFORE && phase != HOOK_AFTER) ||
		((actions & HOOK_NAME) &&
		 (!columns || !hooks_event_names(phase, level, actions))))
		return false;
	return !columns || (actions & (HOOK_UPDATE | HOOK_NAME)) != 0;
}
