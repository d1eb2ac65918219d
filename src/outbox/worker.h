/*
 * worker.h
 *		The processes: workers, the launcher, and who looks for work.
 */
#ifndef HOOKS_WORKER_H
#define HOOKS_WORKER_H

#include "postgres.h"

#include "base/process.h"

extern void hooks_worker_handle_signals(void);
extern void hooks_worker_fix_parameters(void);
extern void hooks_worker_wait(long ms);
extern bool hooks_worker_may_work(void);
extern void hooks_worker_work(const HookWorkerTask *task);
extern PGDLLEXPORT void hooks_launcher_main(Datum arg);
extern void hooks_server_fire(void);

#endif							/* HOOKS_WORKER_H */
