/*
 * follow.h
 *		Keeps the registry true while objects change name or owner.
 */
#ifndef HOOKS_FOLLOW_H
#define HOOKS_FOLLOW_H

#include "postgres.h"

#include "nodes/nodes.h"
#include "nodes/pg_list.h"

extern void hooks_follow_begin(Node *command, bool renames);
extern List *hooks_follow_broken(Node *command, bool strict);
extern void hooks_follow_end(Node *command);
extern void hooks_follow_abort(int nest_level);

#endif							/* HOOKS_FOLLOW_H */
