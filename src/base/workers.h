/*
 * workers.h
 *		Which workers there are, in shared memory: to wake them, or start them.
 */
#ifndef HOOKS_WORKERS_H
#define HOOKS_WORKERS_H

#include "postgres.h"

#include "datatype/timestamp.h"

/* what a worker is told when it starts */
typedef struct HookWorkerTask
{
	int			slot;
	Oid			database;
	Oid			owner;			/* InvalidOid: look who has work, and leave */
	bool		stand_in;		/* the server refuses that role a session, for
								 * it cannot log in */
} HookWorkerTask;

/* for any session */
extern bool hooks_workers_stand_in(Oid owner);
extern void hooks_workers_wake(Oid database, Oid owner, bool stand_in,
							   bool retries);
extern void hooks_workers_request(Oid database, Oid owner, bool stand_in,
								  TimestampTz at);
extern void hooks_workers_prepare_to_wait(void);
extern bool hooks_workers_wait(long ms);
extern void hooks_workers_end_wait(void);

/* for a worker */
extern void hooks_workers_enter(const HookWorkerTask *task);
extern void hooks_workers_connected(void);
extern bool hooks_workers_look(bool *retries);
extern void hooks_workers_begin(bool several);
extern void hooks_workers_end(void);
extern void hooks_workers_failed(void);
extern bool hooks_workers_rest(void);
extern bool hooks_workers_leave(void);
extern bool hooks_workers_must_leave(void);
extern void hooks_workers_at(int64 delivery);
extern bool hooks_workers_died_at(int64 delivery);

/* for the launcher */
extern void hooks_workers_init(void);
extern bool hooks_workers_launcher_enter(void);
extern long hooks_workers_launch(void);
extern bool hooks_workers_launcher_leave(void);
extern bool hooks_workers_scout(Oid database);

#endif							/* HOOKS_WORKERS_H */
