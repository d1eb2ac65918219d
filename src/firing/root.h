/*
 * root.h
 *		Which part of a statement changed a row.
 */
#ifndef HOOKS_ROOT_H
#define HOOKS_ROOT_H

#include "postgres.h"

#include "nodes/nodes.h"
#include "nodes/plannodes.h"

/* What the statement did in the first place; zeros: not known */
typedef struct HookRoot
{
	Oid			relation;		/* that the statement names; InvalidOid also
								 * if there are several */
	CmdType		operation;		/* what it does to that; CMD_UNKNOWN also if
								 * there are several */
} HookRoot;

/* what makes a statement a put, as bits */
#define HOOK_UPSERTS	(1 << 0)	/* INSERT ... ON CONFLICT DO UPDATE */
#define HOOK_MERGE_INSERTS	(1 << 1)
#define HOOK_MERGE_UPDATES	(1 << 2)

extern List *hooks_root_parts(const PlannedStmt *plan);
extern int	hooks_root_actions_of_part(const ModifyTable *part);
extern int	hooks_root_puts_of_part(const ModifyTable *part);
extern int	hooks_root_puts(const PlannedStmt *plan, Oid relid, CmdType event,
							bool of_row);
extern Oid	hooks_root_target(const PlannedStmt *plan);
extern void hooks_root_of_plan(const PlannedStmt *plan, HookRoot *root);
extern bool hooks_root_of_row(const PlannedStmt *plan, Oid relid,
							  CmdType event, HookRoot *root);
extern bool hooks_root_of_table(const PlannedStmt *plan, Oid relid,
								CmdType event, HookRoot *root);

static inline bool
hooks_root_is_known(const HookRoot *root)
{
	return OidIsValid(root->relation) && root->operation != CMD_UNKNOWN;
}

/*
 * Rows of another root belong to the same firing.
 */
static inline void
hooks_root_join(HookRoot *root, const HookRoot *other)
{
	if (root->relation != other->relation)
		root->relation = InvalidOid;
	if (root->operation != other->operation)
		root->operation = CMD_UNKNOWN;
}

#endif							/* HOOKS_ROOT_H */
