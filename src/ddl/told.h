/*
 * told.h
 *		That a command drops what hooks on "drop" were told of.
 */
#ifndef HOOKS_TOLD_H
#define HOOKS_TOLD_H

#include "postgres.h"

#include "nodes/nodes.h"
#include "nodes/pg_list.h"

extern void hooks_told_begin(Node *command, List *targets);
extern void hooks_told_check_targets(Node *command, List *targets);
extern void hooks_told_check_dropped(Node *command);
extern void hooks_told_end(Node *command);

#endif							/* HOOKS_TOLD_H */
