/*
 * commit.h
 *		Fire the hooks of phase before_commit.
 */
#ifndef HOOKS_COMMIT_H
#define HOOKS_COMMIT_H

#include "postgres.h"

extern bool hooks_commit_is_firing(int64 hook_id);
extern void hooks_commit_arm(void);
extern void hooks_commit_rehearse(void);
extern void hooks_commit_hold(void);
extern void hooks_commit_release(void);
extern void hooks_commit_end_transaction(void);

#endif							/* HOOKS_COMMIT_H */
