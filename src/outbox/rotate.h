/*
 * rotate.h
 *		Empties the tables of the log in turn.
 */
#ifndef HOOKS_ROTATE_H
#define HOOKS_ROTATE_H

#include "postgres.h"

extern bool hooks_rotate_any(void);
extern TimestampTz hooks_rotate(bool last);
extern bool hooks_rotate_is_due(void);

#endif							/* HOOKS_ROTATE_H */
