/*
 * cursors.h
 *		Cursors that code of others leaves open.
 */
#ifndef HOOKS_CURSORS_H
#define HOOKS_CURSORS_H

#include "postgres.h"

extern uint64 hooks_cursors_begin(void);
extern void hooks_cursors_end(uint64 number);

#endif							/* HOOKS_CURSORS_H */
