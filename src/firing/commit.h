/*
 * commit.h
 *		When the hooks of phase before_commit fire.
 */
#ifndef HOOKS_COMMIT_H
#define HOOKS_COMMIT_H

#include "postgres.h"

extern void hooks_commit_arm(void);
extern void hooks_commit_rehearse(void);
extern void hooks_commit_hold(void);
extern void hooks_commit_release(void);
extern void hooks_commit_end_transaction(void);

#endif							/* HOOKS_COMMIT_H */
