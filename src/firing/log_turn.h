/*
 * log_turn.h
 *		Which of the three tables of the log is written now.
 */
#ifndef HOOKS_LOG_TURN_H
#define HOOKS_LOG_TURN_H

#include "postgres.h"

#include "utils/relcache.h"

extern Relation hooks_log_turn_open(void);
extern int	hooks_log_turn(void);
extern int	hooks_log_turn_recent(void);
extern void hooks_log_turn_to(int turn);

#endif							/* HOOKS_LOG_TURN_H */
