/*
 * context.h
 *		The stack of firings, and hooks.context().
 */
#ifndef HOOKS_CONTEXT_H
#define HOOKS_CONTEXT_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "nodes/bitmapset.h"

#include "event.h"
#include "statement.h"

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
	const char *hook;
	HookPhase	phase;
	HookAction	action;			/* what happens: TG_OP in small letters */
	bool		naming;			/* ... and it is the moment of naming */
	HookLevel	level;
	Oid			relation;
	const char *relation_name;
	const Bitmapset *columns;	/* assigned ones, as in tg_updatedcols */
	const HookStatement *statement; /* NULL if not seen */
	bool		referential;	/* fired by a referential action */
	Oid			constraint;		/* of that action, if a batch knows it */
	TimestampTz fired_at;		/* 0 until somebody asks */
} HookFiring;

extern HookFiring *hooks_firing;

extern HookFiring *hooks_context_push(const char *hook);
extern void hooks_context_pop(HookFiring *firing);
extern void hooks_context_abort(int nest_level);
extern char *hooks_context_describe(const HookFiring *firing);

#endif							/* HOOKS_CONTEXT_H */
