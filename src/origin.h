/*
 * origin.h
 *		The referential actions of a cascade: how deep, and by which foreign key.
 */
#ifndef HOOKS_ORIGIN_H
#define HOOKS_ORIGIN_H

#include "postgres.h"

#include "access/htup.h"
#include "executor/execdesc.h"

#define HOOK_DEPTH_UNKNOWN	(-1)

/* Where the rows of a firing come from */
typedef struct HookOrigin
{
	int			depth;			/* of the cascade, 0: the statement's own rows;
								 * HOOK_DEPTH_UNKNOWN also if there are several */
	Oid			constraint;		/* the foreign key; InvalidOid also if there
								 * are several */
	const struct HookTruncate *truncate;	/* that it is about, if seen */
} HookOrigin;

/*
 * What one foreign key does at one depth of a cascade: many queries, each for a
 * row of its parent, the table that it refers to.
 */
typedef struct HookKeyAction
{
	struct HookKeyAction *next;
	const char *text;			/* of its queries; a copy */
	Oid			relid;			/* the table that they name */
	CmdType		operation;
	Oid			parent;			/* the table of the rows that they follow;
								 * InvalidOid if not known */
	int			depth;
	bool		pending;		/* its AFTER STATEMENT event is yet to fire */
	bool		changed;		/* ... and is about a row at least */
	bool		resolved;		/* is the constraint looked up? */
	Oid			constraint;
	struct HookKeyReach *reach;
} HookKeyAction;

/*
 * The cascade of a trigger query level.  Made when its first action begins, in
 * the executor's memory of the level's statement.
 */
typedef struct HookCascade
{
	uint64		level;			/* whose it is; of any other level: empty */
	MemoryContext context;
	HookKeyAction *actions;		/* newest first */
	struct HookKeyReach *reaches;
	int			depth;			/* of the last action */
	CommandId	since;			/* the first command of that depth */
} HookCascade;

extern Oid	hooks_origin_target(const PlannedStmt *statement, const Plan *part);
extern HookKeyAction *hooks_origin_begin(HookCascade *cascade, const EState *level,
									  const QueryDesc *query);
extern Oid	hooks_origin_constraint(HookKeyAction *action);
extern void hooks_origin_join(HookOrigin *origin, HookKeyAction *action);
extern HookKeyAction *hooks_origin_of_command(const HookCascade *cascade, Oid relid,
										   CommandId command);
extern void hooks_origin_of_statement(HookCascade *cascade, Oid relid,
									  CmdType operation, bool own, bool split,
									  HookOrigin *origin);
extern bool hooks_origin_changed_by(HeapTupleHeader header, CommandId *command);

#endif							/* HOOKS_ORIGIN_H */
