/*
 * tables.h
 *		Tables that came or changed: makes their triggers what their hooks need
 *		now.
 */
#ifndef HOOKS_TABLES_H
#define HOOKS_TABLES_H

#include "postgres.h"

#include "nodes/nodes.h"

extern void hooks_tables_moved(Node *command);
extern void hooks_tables_scope_changed(Node *command);

#endif							/* HOOKS_TABLES_H */
