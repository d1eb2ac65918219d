/*
 * word.c
 *		The words of the registry: parsed, printed, and what they mean for a
 *		callback.
 *
 * Pure tables: nothing here has state, and only the parsers throw (22023,
 * 0A000).
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "port/pg_bitutils.h"

#include "registry/word.h"

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
hooks_word_parse_phase(const char *given)
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
hooks_word_parse_asked(const char *given, int *named)
{
	const char *unknown;
	int			actions = find_actions(given, named, &unknown);

	return unknown == NULL ? actions : parse_word(&action_words, unknown);
}

/*
 * The same, without those that are none.
 */
int
hooks_word_find_actions(const char *given)
{
	const char *unknown;
	int			named;

	return find_actions(given, &named, &unknown);
}

int
hooks_word_parse_actions(const char *given)
{
	int			named;

	return hooks_word_parse_asked(given, &named);
}

/*
 * Which of the words of a hook is none, as "phase" or "action"; NULL if all
 * are, and can be parsed.  level may be NULL.
 */
const char *
hooks_word_unknown(const char *phase, const char *action,
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
hooks_word_parse_level(const char *given)
{
	return (HookLevel) parse_word(&level_words, given);
}

HookPolicy
hooks_word_parse_policy(const char *given)
{
	return (HookPolicy) parse_word(&policy_words, given);
}

HookRunAs
hooks_word_parse_run_as(const char *given)
{
	return (HookRunAs) parse_word(&run_as_words, given);
}

HookFire
hooks_word_parse_fire(const char *given)
{
	return (HookFire) parse_word(&fire_words, given);
}

HookActivation
hooks_word_parse_activation(const char *given)
{
	return (HookActivation) parse_word(&activation_words, given);
}

const char *
hooks_word_of_phase(HookPhase phase)
{
	return print_word(&phase_words, phase);
}

const char *
hooks_word_of_action(HookAction action)
{
	return print_word(&action_words, action);
}

/*
 * The comma list of a set of actions, in the order of the enum.
 */
char *
hooks_word_action_list(int actions)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int action = 1; action <= actions; action <<= 1)
		if (actions & action)
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "",
							 hooks_word_of_action((HookAction) action));
	return list.data;
}

/* NULL for phases that have no level */
const char *
hooks_word_of_level(HookLevel level)
{
	return level == HOOK_NO_LEVEL ? NULL : print_word(&level_words, level);
}

const char *
hooks_word_of_policy(HookPolicy policy)
{
	return print_word(&policy_words, policy);
}

const char *
hooks_word_of_run_as(HookRunAs run_as)
{
	return print_word(&run_as_words, run_as);
}

const char *
hooks_word_of_fire(HookFire fire)
{
	return print_word(&fire_words, fire);
}

const char *
hooks_word_of_activation(HookActivation activation)
{
	return print_word(&activation_words, activation);
}

/*
 * Is the callback of such a hook called with the event as jsonb, instead of as
 * a trigger function?
 */
bool
hooks_word_takes_jsonb(HookPhase phase, int actions)
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
hooks_word_jsonb_actions(void)
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
hooks_word_mixes_shapes(HookPhase phase, int actions)
{
	int			jsonb = hooks_word_jsonb_actions();

	return !phases[phase].with_jsonb && (actions & jsonb) != 0 &&
		(actions & ~jsonb) != 0;
}

/*
 * Does hooks.cancel() stop the statement in this phase, whatever the policy?
 */
bool
hooks_word_can_veto(HookPhase phase)
{
	Assert(phases[phase].value == phase);
	return phases[phase].vetoes;
}
