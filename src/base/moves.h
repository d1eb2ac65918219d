/*
 * moves.h
 *		How often something was moved, counted by all sessions.
 */
#ifndef HOOKS_MOVES_H
#define HOOKS_MOVES_H

#include "postgres.h"

extern void hooks_moves_add(int64 id);
extern uint64 hooks_moves_count(int64 id);

#endif							/* HOOKS_MOVES_H */
