/*
 * sessions.h
 *		The first statement of a session.
 */
#ifndef HOOKS_SESSIONS_H
#define HOOKS_SESSIONS_H

#include "postgres.h"

extern int	hooks_sessions_level;

extern void hooks_sessions_init(void);
extern void hooks_sessions_end_transaction(bool committed);
extern void hooks_sessions_end_subtransaction(int nest_level, bool committed);

#endif							/* HOOKS_SESSIONS_H */
