/*
 * names.h
 *		Keeps hooks.registry true: what it shows of hooks are names.
 */
#ifndef HOOKS_NAMES_H
#define HOOKS_NAMES_H

#include "postgres.h"

#include "nodes/parsenodes.h"

extern void hooks_names_changed(Node *command);
extern void hooks_names_reassigned(const ReassignOwnedStmt *command);

#endif							/* HOOKS_NAMES_H */
