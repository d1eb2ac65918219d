/*
 * event.c
 *		The words of the registry, and the trigger that stands for each event.
 *
 * Pure tables: nothing here has state, and only the parsers throw (22023, 0A000).
 */
#include "postgres.h"

#include "catalog/pg_trigger.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "registry/event.h"

typedef struct HookWord
{
	const char *word;
	int			value;
	bool		later;			/* known, but not to this version's users */
} HookWord;

/* what kind of word a table holds, for messages, and its words */
typedef struct HookWordList
{
	const char *what;
	HookWord	words[14];
} HookWordList;

static const HookWordList phase_words = {"phase", {
	{"before", HOOK_BEFORE},
	{"before_cascade", HOOK_BEFORE_CASCADE},
	{"after", HOOK_AFTER},
	{"before_commit", HOOK_BEFORE_COMMIT, true},
	{"after_commit", HOOK_AFTER_COMMIT, true},
	{"on_failure", HOOK_ON_FAILURE, true},
	{"startup", HOOK_STARTUP, true},
	{NULL}
}};

/* the groups come last, so that printing finds the single action first */
static const HookWordList action_words = {"action", {
	{"insert", HOOK_INSERT},
	{"update", HOOK_UPDATE},
	{"delete", HOOK_DELETE},
	{"truncate", HOOK_TRUNCATE},
	{"select", HOOK_SELECT, true},
	{"put", HOOK_PUT, true},
	{"name", HOOK_NAME},
	{"drop", HOOK_DROP},
	{"session", HOOK_SESSION, true},
	{"server", HOOK_SERVER, true},
	{"write", HOOK_WRITE},
	{"read", HOOK_READ, true},
	{"all", HOOK_ALL, true},
	{NULL}
}};

static const HookWordList level_words = {"level", {
	{"row", HOOK_ROW},
	{"statement", HOOK_STATEMENT},
	{NULL}
}};

static const HookWordList policy_words = {"on_error policy", {
	{"abort", HOOK_ABORT},
	{"isolate", HOOK_ISOLATE},
	{"quarantine", HOOK_QUARANTINE},
	{"retry", HOOK_RETRY, true},
	{NULL}
}};

static const HookWordList run_as_words = {"run_as", {
	{"owner", HOOK_AS_OWNER},
	{"invoker", HOOK_AS_INVOKER},
	{NULL}
}};

static const HookWordList fire_words = {"fire", {
	{"origin", HOOK_ORIGIN},
	{"replica", HOOK_REPLICA},
	{"always", HOOK_ALWAYS},
	{NULL}
}};

/*
 * The triggers; a drop has none (drop.c).  Names decide the order among the triggers of one event:
 * "Hooks_..." sorts before "RI_ConstraintTrigger_...", so a before_cascade
 * trigger fires before the first referential action; "hooks_..." sorts after
 * it, so what an after hook sees is the state after the row's own cascade.
 *
 * A before_cascade trigger for rows is an AFTER ROW trigger in PostgreSQL's
 * eyes: only then have all rows of the statement been chosen.
 */
#define ROW			" FOR EACH ROW"
#define STATEMENT	" FOR EACH STATEMENT"

const HookEvent hooks_events[HOOK_EVENTS] = {
	{HOOK_BEFORE, HOOK_ROW, HOOK_INSERT,
	"Hooks_before_row_insert", "BEFORE INSERT", ROW},
	{HOOK_BEFORE, HOOK_ROW, HOOK_UPDATE,
	"Hooks_before_row_update", "BEFORE UPDATE", ROW},
	{HOOK_BEFORE, HOOK_ROW, HOOK_DELETE,
	"Hooks_before_row_delete", "BEFORE DELETE", ROW},
	{HOOK_BEFORE, HOOK_STATEMENT, HOOK_INSERT,
	"Hooks_before_statement_insert", "BEFORE INSERT", STATEMENT},
	{HOOK_BEFORE, HOOK_STATEMENT, HOOK_UPDATE,
	"Hooks_before_statement_update", "BEFORE UPDATE", STATEMENT},
	{HOOK_BEFORE, HOOK_STATEMENT, HOOK_DELETE,
	"Hooks_before_statement_delete", "BEFORE DELETE", STATEMENT},
	{HOOK_BEFORE, HOOK_STATEMENT, HOOK_TRUNCATE,
	"Hooks_before_statement_truncate", "BEFORE TRUNCATE", STATEMENT},
	{HOOK_BEFORE_CASCADE, HOOK_STATEMENT, HOOK_UPDATE,
		"Hooks_before_cascade_update", "AFTER UPDATE",
	ROW " WHEN (hooks.capture(OLD.tableoid, OLD.ctid, NEW.ctid))"},
	{HOOK_BEFORE_CASCADE, HOOK_STATEMENT, HOOK_DELETE,
		"Hooks_before_cascade_delete", "AFTER DELETE",
	ROW " WHEN (hooks.capture(OLD.tableoid, OLD.ctid))"},
	{HOOK_BEFORE_CASCADE, HOOK_STATEMENT, HOOK_TRUNCATE,
	"Hooks_before_cascade_truncate", "BEFORE TRUNCATE", STATEMENT},
	{HOOK_AFTER, HOOK_ROW, HOOK_INSERT,
	"hooks_after_row_insert", "AFTER INSERT", ROW},
	{HOOK_AFTER, HOOK_ROW, HOOK_UPDATE,
	"hooks_after_row_update", "AFTER UPDATE", ROW},
	{HOOK_AFTER, HOOK_ROW, HOOK_DELETE,
	"hooks_after_row_delete", "AFTER DELETE", ROW},
	{HOOK_AFTER, HOOK_STATEMENT, HOOK_INSERT,
	"hooks_after_statement_insert", "AFTER INSERT", STATEMENT},
	{HOOK_AFTER, HOOK_STATEMENT, HOOK_UPDATE,
	"hooks_after_statement_update", "AFTER UPDATE", STATEMENT},
	{HOOK_AFTER, HOOK_STATEMENT, HOOK_DELETE,
	"hooks_after_statement_delete", "AFTER DELETE", STATEMENT},
	{HOOK_AFTER, HOOK_STATEMENT, HOOK_TRUNCATE,
	"hooks_after_statement_truncate", "AFTER TRUNCATE", STATEMENT},
	{HOOK_BEFORE, HOOK_STATEMENT, HOOK_DROP},
	{HOOK_BEFORE_CASCADE, HOOK_STATEMENT, HOOK_DROP},
};

static const HookWord *
find_word(const HookWordList *list, const char *text)
{
	for (const HookWord *word = list->words; word->word != NULL; word++)
		if (strcmp(word->word, text) == 0)
			return word;
	return NULL;
}

/* is it a word that this version understands? */
static bool
is_word(const HookWordList *list, const char *text)
{
	const HookWord *word = find_word(list, text);

	return word != NULL && !word->later;
}

/*
 * The value of a word; with the list of valid words 22023 if it is none, 0A000
 * if it will be one.
 */
static int
parse_word(const HookWordList *list, const char *text)
{
	const HookWord *word = find_word(list, text);
	StringInfoData valid;

	if (word != NULL && !word->later)
		return word->value;

	initStringInfo(&valid);
	for (const HookWord *other = list->words; other->word != NULL; other++)
		if (!other->later)
			appendStringInfo(&valid, "%s\"%s\"",
							 valid.len > 0 ? ", " : "", other->word);
	ereport(ERROR,
			(errcode(word != NULL ? ERRCODE_FEATURE_NOT_SUPPORTED :
					 ERRCODE_INVALID_PARAMETER_VALUE),
			 word != NULL ?
			 errmsg("hook %s \"%s\" is not supported by this version",
					list->what, text) :
			 errmsg("unrecognized hook %s: \"%s\"", list->what, text),
			 errhint("Valid values are %s.", valid.data)));
	return 0;					/* keep compiler quiet */
}

static const char *
print_word(const HookWordList *list, int value)
{
	const HookWord *word;

	for (word = list->words; word->word != NULL; word++)
		if (word->value == value)
			return word->word;
	elog(ERROR, "unrecognized hook %s: %d", list->what, value);
	return NULL;				/* keep compiler quiet */
}

HookPhase
hooks_event_parse_phase(const char *text)
{
	return (HookPhase) parse_word(&phase_words, text);
}

/*
 * The actions of a comma list, with groups spelled out, as bits.  If one is none,
 * *unknown is it.
 */
static int
find_actions(const char *text, const char **unknown)
{
	char	   *part = pstrdup(text);
	int			actions = 0;

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
			actions |= find_word(&action_words, part)->value;
		else
			*unknown = part;
		part = next;
	}
	return actions;
}

/*
 * The same; 22023 if one is none.
 */
int
hooks_event_parse_actions(const char *text)
{
	const char *unknown;
	int			actions = find_actions(text, &unknown);

	return unknown == NULL ? actions : parse_word(&action_words, unknown);
}

/*
 * Which of the words of a hook is none, as "phase" or "action"; NULL if all are,
 * and can be parsed.  level may be NULL.
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

	for (int i = 0; i < lengthof(words); i++)
		if (words[i] != NULL && !is_word(lists[i], words[i]))
			return lists[i]->what;
	(void) find_actions(action, &unknown);
	return unknown == NULL ? NULL : action_words.what;
}

HookLevel
hooks_event_parse_level(const char *text)
{
	return (HookLevel) parse_word(&level_words, text);
}

HookPolicy
hooks_event_parse_policy(const char *text)
{
	return (HookPolicy) parse_word(&policy_words, text);
}

HookRunAs
hooks_event_parse_run_as(const char *text)
{
	return (HookRunAs) parse_word(&run_as_words, text);
}

HookFire
hooks_event_parse_fire(const char *text)
{
	return (HookFire) parse_word(&fire_words, text);
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

/*
 * The event that a trigger of this name stands for, NULL for others.
 *
 * A table has at most one trigger of a name, so nobody can make a hook fire
 * twice by a second trigger on hooks.dispatch().
 */
const HookEvent *
hooks_event_by_trigger(const char *name)
{
	for (int i = 0; i < HOOK_TRIGGERS; i++)
		if (strcmp(hooks_events[i].trigger, name) == 0)
			return &hooks_events[i];
	return NULL;
}

/*
 * Does the event's trigger capture rows into batches?
 */
bool
hooks_event_captures(const HookEvent *event)
{
	return event->phase == HOOK_BEFORE_CASCADE &&
		(event->action & (HOOK_UPDATE | HOOK_DELETE)) != 0;
}

/*
 * Can a relation of this kind have hooks of the event?  Foreign tables have no
 * foreign keys, so that there is no cascade of rows to come before.
 */
bool
hooks_event_is_possible(const HookEvent *event, char relkind)
{
	return relkind != RELKIND_FOREIGN_TABLE || event->action == HOOK_DROP ||
		(event->phase != HOOK_BEFORE_CASCADE &&
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
 */
char *
hooks_event_create_trigger(const HookEvent *event, const char *table,
						   bool tables)
{
	return psprintf("CREATE TRIGGER %s %s ON %s%s%s%s%s EXECUTE FUNCTION hooks.dispatch()",
					quote_identifier(event->trigger), event->when, table,
					tables ? " REFERENCING" : "",
					tables && event->action != HOOK_INSERT ?
					" OLD TABLE AS old_table" : "",
					tables && event->action != HOOK_DELETE ?
					" NEW TABLE AS new_table" : "",
					event->how);
}

/*
 * Is the callback of such a hook called with the event as jsonb, instead of as
 * a trigger function?
 */
bool
hooks_event_takes_jsonb(HookPhase phase, int actions)
{
	return phase > HOOK_AFTER ||
		(actions & (HOOK_SELECT | HOOK_DROP | HOOK_SESSION | HOOK_SERVER)) != 0;
}

/*
 * Is the event's trigger FOR EACH ROW?  Then PostgreSQL fires it on the
 * partition that holds the row, and the hooks of its ancestors belong to its
 * chain.
 */
bool
hooks_event_of_rows(const HookEvent *event)
{
	return event->level == HOOK_ROW || hooks_event_captures(event);
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
	if (event->phase != HOOK_AFTER && !hooks_event_captures(event))
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
 * Does a hook of this phase, level and actions fire at the event?  The moment
 * of naming may come with an INSERT or with an UPDATE.
 */
bool
hooks_event_wants(const HookEvent *event, HookPhase phase, HookLevel level,
				  int actions)
{
	if (actions & HOOK_NAME)
		actions |= HOOK_INSERT | HOOK_UPDATE;
	return event->phase == phase && event->level == level &&
		(event->action & actions) != 0;
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
	if (!found)
		return false;
	if (((actions & HOOK_DROP) && actions != HOOK_DROP) ||
		((actions & HOOK_NAME) &&
		 (actions != HOOK_NAME || level != HOOK_ROW || !columns)))
		return false;
	return !columns || (actions & (HOOK_UPDATE | HOOK_NAME)) != 0;
}
