/*
 * failures.h
 *		The executor's hooks once more, for errors that pass.
 */
#ifndef HOOKS_FAILURES_H
#define HOOKS_FAILURES_H

extern void hooks_failures_init(void);

#endif							/* HOOKS_FAILURES_H */
