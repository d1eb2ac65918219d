/*
 * executor.h
 *		The executor's hooks.
 */
#ifndef HOOKS_EXECUTOR_H
#define HOOKS_EXECUTOR_H

extern void hooks_executor_init(void);

#endif							/* HOOKS_EXECUTOR_H */
