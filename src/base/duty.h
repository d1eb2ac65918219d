/*
 * duty.h
 *		A worker's place in the list of workers, and what it does there.
 */
#ifndef HOOKS_DUTY_H
#define HOOKS_DUTY_H

#include "postgres.h"

#include "base/process.h"

extern bool hooks_duty_enter(HookWorkerTask *task);
extern void hooks_duty_connected(void);
extern bool hooks_duty_look(bool *retries);
extern void hooks_duty_begin(bool several);
extern void hooks_duty_at(int64 delivery);
extern void hooks_duty_commits(int64 hook_id, int deliveries, int64 last);
extern void hooks_duty_end(void);
extern void hooks_duty_failed(void);
extern bool hooks_duty_rest(void);
extern bool hooks_duty_must_leave(void);
extern bool hooks_duty_must_yield(void);
extern void hooks_duty_yield(void);
extern bool hooks_duty_leave(void);
extern bool hooks_duty_hands_over(void);

#endif							/* HOOKS_DUTY_H */
