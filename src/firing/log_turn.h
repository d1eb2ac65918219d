/*
 * log_turn.h
 *		Which of the tables of the log is written.
 */
#ifndef HOOKS_LOG_TURN_H
#define HOOKS_LOG_TURN_H

#include "postgres.h"

#include "utils/relcache.h"

extern Relation hooks_log_turn_open(void);

#endif							/* HOOKS_LOG_TURN_H */
