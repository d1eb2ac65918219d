/*
 * unnamed.h
 *		Operators that SQL has no place to name.
 */
#ifndef HOOKS_UNNAMED_H
#define HOOKS_UNNAMED_H

#include "postgres.h"

#include "nodes/nodes.h"

extern Node *hooks_unnamed_write_out(Node *expression);

#endif							/* HOOKS_UNNAMED_H */
