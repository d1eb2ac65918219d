/*
 * process.h
 *		Starts the processes of workers, and the launcher.
 */
#ifndef HOOKS_PROCESS_H
#define HOOKS_PROCESS_H

#include "postgres.h"

#include "postmaster/bgworker.h"

#include "base/roster.h"

/* what a worker is told when it starts */
typedef struct HookWorkerTask
{
	int			slot;			/* -1: none yet */
	Oid			database;
	Oid			owner;			/* InvalidOid: look who has work, and leave */
	bool		stand_in;		/* the server refuses that role a session, for
								 * it cannot log in */
	bool		starting;		/* who looks: the server has started */
} HookWorkerTask;

extern void hooks_process_init(void);
extern void hooks_process_wake_launcher(void);
extern bool hooks_process_start_worker(HookWorkerSlot *slot,
									   TimestampTz since);
extern BackgroundWorkerHandle *hooks_process_scout(Oid database,
												   bool starting);
extern bool hooks_process_start_hooks(Oid database);
extern bool hooks_process_is_refused(void);

#endif							/* HOOKS_PROCESS_H */
