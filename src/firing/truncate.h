/*
 * truncate.h
 *		What is special about TRUNCATE.
 */
#ifndef HOOKS_TRUNCATE_H
#define HOOKS_TRUNCATE_H

#include "postgres.h"

#include "nodes/parsenodes.h"

#include "firing/fire.h"

/*
 * A running TRUNCATE.  It lives in TopTransactionContext; an abort takes it
 * off as it does statements.
 */
typedef struct HookTruncate
{
	struct HookTruncate *outer;
	int			nest_level;
	const char *sql;
	List	   *named;			/* the tables that it names, each once */
	List	   *with_children;	/* of these, all without ONLY */
} HookTruncate;

/* the innermost running TRUNCATE, NULL if none was seen */
extern HookTruncate *hooks_truncate;

extern void hooks_truncate_push(const TruncateStmt *statement,
								const char *sql);
extern void hooks_truncate_pop(void);
extern void hooks_truncate_abort(int nest_level);
extern bool hooks_truncate_names(const HookTruncate *truncate, Relation rel,
								 Oid *named);
extern const HookEvent *hooks_truncate_event(const HookEvent *event,
											 const TriggerData *trigdata);
extern void hooks_truncate_prepare(HookRun *run, Relation rel);

#endif							/* HOOKS_TRUNCATE_H */
