/*
 * context.h
 *		The stack of firings, and hooks.context().
 */
#ifndef HOOKS_CONTEXT_H
#define HOOKS_CONTEXT_H

#include "postgres.h"

#include "access/transam.h"
#include "commands/trigger.h"
#include "datatype/timestamp.h"
#include "nodes/bitmapset.h"
#include "utils/jsonb.h"

#include "base/counters.h"
#include "base/settings.h"
#include "firing/statement.h"
#include "registry/event.h"

/* What brought a firing about that no trigger did */
typedef struct HookOccurrence
{
	const char *sql;			/* the statement; NULL: what the client sent */
	Oid			relation;		/* that it is about in the first place */
	const char *action;			/* and what it does to that */
	const Bitmapset *columns;	/* that it reads or assigns, offset as in
								 * tg_updatedcols */
} HookOccurrence;

/* What the firings of a hook by a statement have in common */
typedef struct HookSubject
{
	const char *hook;
	const struct Hook *definition;	/* of the hook */
	const HookEvent *event;
	HookAction	action;			/* that the hook is told of, if not the
								 * event's: name or put; else 0 */
	int			actions;		/* of phase before_commit: all that were done,
								 * as bits; else 0 */
	Oid			relation;
	const char *relation_name;
	HookTally  *tally;			/* of the hook */
	const struct HookBatch *batch;	/* the rows it is about, NULL if not of
									 * one */
	const HookOccurrence *occurrence;	/* NULL: ask the statement */
	MemoryContext query_cxt;	/* the executor's memory of the query */
} HookSubject;

/*
 * One call of one callback.  The records are kept for the next firing of the
 * same depth, so that an abort can still read them after the longjmp.
 */
typedef struct HookFiring
{
	struct HookFiring *outer;
	struct HookFiring *inner;	/* kept for the next nested firing */
	int			depth;			/* 1 for the outermost */
	int			nest_level;		/* of the transaction when it began */
	const HookSubject *subject;
	HookTally  *tally;			/* the subject's, which an abort cannot read;
								 * NULL: an error is not counted */
	const TriggerData *trigdata;	/* NULL if the callback takes jsonb */
	HookStatement *statement;	/* NULL if not seen */
	const HookOrigin *origin;	/* of the rows; NULL: ask the statement */
	Oid			caller;			/* who issued the statement; InvalidOid if
								 * that is not known */
	TimestampTz fired_at;		/* 0 until somebody asks */
	const Jsonb *event;			/* of a delivery; NULL otherwise */
	const char *failure;		/* message of the error that was isolated; set
								 * and valid only while it is observed */
} HookFiring;

extern HookFiring *hooks_firing;
extern HookFiring *hooks_outermost;
extern const HookFiring *hooks_vetoing;

extern HookFiring *hooks_context_new(const HookSubject *subject);
extern void hooks_context_abort(int nest_level);
extern const HookOrigin *hooks_context_find(const HookFiring *firing,
											HookOrigin *found,
											Oid *root_relation,
											const char **root_action,
											const char **sql);
extern Oid	hooks_context_root(const HookFiring *firing);
extern const char *hooks_context_action_word(const HookSubject *subject);
extern FullTransactionId hooks_context_transaction(const HookFiring *firing);
extern char *hooks_context_describe(const HookFiring *firing);
extern int	hooks_context_place(const HookFiring *firing);

/*
 * Begins a firing; KH003 if it is nested too deep.
 */
static inline HookFiring *
hooks_context_push(const HookSubject *subject, int nest_level)
{
	HookFiring *firing = hooks_firing == NULL ? hooks_outermost :
		hooks_firing->inner;

	if (unlikely(firing == NULL || firing->depth > hooks_max_depth))
		firing = hooks_context_new(subject);
	if (unlikely(hooks_vetoing == firing))
		hooks_vetoing = NULL;	/* an earlier firing's, which was caught */
	firing->subject = subject;
	firing->tally = subject->tally;
	firing->nest_level = nest_level;
	firing->statement = hooks_statement;
	firing->fired_at = 0;
	firing->event = NULL;
	hooks_firing = firing;
	return firing;
}

static inline void
hooks_context_pop(const HookFiring *firing)
{
	Assert(hooks_firing == firing);
	hooks_firing = firing->outer;
}

#endif							/* HOOKS_CONTEXT_H */
