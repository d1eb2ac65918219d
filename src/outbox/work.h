/*
 * work.h
 *		Finds the owners for whose hooks something waits.
 */
#ifndef HOOKS_WORK_H
#define HOOKS_WORK_H

#include "postgres.h"

extern void hooks_work_wake_all(void);
extern bool hooks_work_find(void);

#endif							/* HOOKS_WORK_H */
