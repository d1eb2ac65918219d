/*
 * statement.h
 *		The running statements that can queue trigger events.
 *
 * A trigger query level is what trigger.c opens for each such statement: its
 * AFTER events wait there and fire when it finishes, referential actions and
 * what they queue included.  A referential action runs as a statement of its
 * own, but in the level of the statement that it belongs to.
 */
#ifndef HOOKS_STATEMENT_H
#define HOOKS_STATEMENT_H

#include "postgres.h"

#include "executor/execdesc.h"

typedef struct HookStatement
{
	struct HookStatement *outer;	/* the statement around this one */
	QueryDesc  *query;
	uint64		level;			/* identifies the trigger query level */
	bool		referential;	/* a referential action's query */
	Oid			caller;			/* who issued it (of the level's statement) */
} HookStatement;

/*
 * The innermost running statement, NULL if none was seen.  Set by executor.c
 * around each run; it points into the C stack of that run.
 */
extern HookStatement *hooks_statement;

extern bool hooks_statement_is_traced(QueryDesc *query);
extern void hooks_statement_push(HookStatement *statement, QueryDesc *query);
extern void hooks_statement_pop(HookStatement *statement);
extern bool hooks_statement_in_referential_action(void);
extern const HookStatement *hooks_statement_root(const HookStatement *statement);
extern Oid	hooks_statement_caller(const HookStatement *statement);
extern bool hooks_statement_target(const HookStatement *statement,
								   Oid *relid, const char **action);
extern bool hooks_statement_is_target(const HookStatement *statement, Oid relid);
extern Oid	hooks_statement_constraint(const HookStatement *statement);
extern const char *hooks_statement_text(const HookStatement *statement);

#endif							/* HOOKS_STATEMENT_H */
