/*
 * origin.h
 *		The referential actions of a cascade: how deep, and by which foreign
 *		key.
 */
#ifndef HOOKS_ORIGIN_H
#define HOOKS_ORIGIN_H

#include "postgres.h"

#include "access/htup.h"
#include "executor/execdesc.h"

#include "firing/root.h"

#define HOOK_DEPTH_UNKNOWN	(-1)

/* Where the rows of a firing come from */
typedef struct HookOrigin
{
	int			depth;			/* of the cascade, 0: the statement's own
								 * rows; HOOK_DEPTH_UNKNOWN also if there are
								 * several */
	Oid			constraint;		/* the foreign key; InvalidOid also if there
								 * are several */
	HookRoot	root;			/* what the statement did to the rows that
								 * these follow; not of depth 0 */
	const struct HookTruncate *truncate;	/* that it is about, if seen */
} HookOrigin;

/*
 * What one foreign key does at one depth of a cascade, for rows of one parent,
 * the table that it refers to, and of one root: many queries, each for a row.
 */
typedef struct HookKeyAction
{
	struct HookKeyAction *next; /* of the same table */
	const char *sql;			/* of its queries; a copy */
	struct HookKeyTable *table; /* that they name */
	CmdType		operation;
	Oid			parent;			/* the table of the rows that they follow;
								 * InvalidOid if not known */
	int			depth;
	HookRoot	root;
	bool		pending;		/* its AFTER STATEMENT event is yet to fire */
	bool		changed;		/* ... and is about a row at least */
	bool		resolved;		/* is the constraint looked up? */
	Oid			constraint;
} HookKeyAction;

/*
 * The cascade of a trigger query level.  Made when its first action begins, in
 * the executor's memory of the level's statement.
 */
typedef struct HookCascade
{
	uint64		level;			/* whose it is; of any other level: empty */
	MemoryContext context;
	HookRoot	root;			/* of all rows, so far as it is the same */
	struct actions_hash *actions;
	struct tables_hash *tables;
	HookKeyAction *last;		/* action; NULL: none yet */
	int			place;			/* of its parent among the level's tables */
	int			depth;			/* of the last action */
	CommandId	since;			/* the first command of that depth */
} HookCascade;

extern HookKeyAction *hooks_origin_begin(HookCascade *cascade,
										 const QueryDesc *level,
										 const QueryDesc *query);
extern Oid	hooks_origin_constraint(HookKeyAction *action);
extern void hooks_origin_of_action(HookKeyAction *action, HookOrigin *origin);
extern void hooks_origin_join(HookOrigin *origin, HookKeyAction *action);
extern HookKeyAction *hooks_origin_of_command(HookCascade *cascade, Oid relid,
											  CommandId command);
extern void hooks_origin_of_statement(HookCascade *cascade, Oid relid,
									  CmdType operation, const HookRoot *own,
									  bool split, HookOrigin *origin);

#endif							/* HOOKS_ORIGIN_H */
