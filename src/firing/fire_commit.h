/*
 * fire_commit.h
 *		Fire the hooks of phase before_commit that have notes.
 */
#ifndef HOOKS_FIRE_COMMIT_H
#define HOOKS_FIRE_COMMIT_H

#include "postgres.h"

/* What is firing at commit */
typedef struct HookCommitRounds
{
	int64		hook_id;		/* whose callback is running; 0: none */
	int			rounds;			/* so often hooks were fired */
} HookCommitRounds;

extern void hooks_fire_commit_round(void);
extern bool hooks_fire_commit_is_running(int64 hook_id);
extern HookCommitRounds hooks_fire_commit_begin(void);
extern void hooks_fire_commit_end(HookCommitRounds outer);
extern void hooks_fire_commit_end_transaction(void);

#endif							/* HOOKS_FIRE_COMMIT_H */
