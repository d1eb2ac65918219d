/*
 * roster.h
 *		Which workers there are, and are to start, in shared memory.
 *
 * For the files that work with this list (workers.c, duty.c, death.c,
 * launch.c, prepared.c, process.c).  Its fields are read and written under the
 * mutex, with the exceptions that are named.
 */
#ifndef HOOKS_ROSTER_H
#define HOOKS_ROSTER_H

#include "postgres.h"

#include <signal.h>

#include "datatype/timestamp.h"
#include "storage/condition_variable.h"
#include "storage/latch.h"
#include "storage/spin.h"

#define HOOK_WORKERS	64		/* in the server; of one database: see
								 * hooks_roster_take() */
#define HOOK_REQUESTS	128
#define HOOK_PREPARED	128
#define HOOK_DEATHS		32

/* who was asked for, and does not come within that time, will not come */
#define HOOK_START_LIMIT	(30 * USECS_PER_SEC)

/* A worker, from when it is asked for until it leaves */
typedef struct HookWorkerSlot
{
	Oid			database;		/* InvalidOid: free */
	Oid			owner;
	bool		stand_in;		/* see process.h */
	int			tries;			/* that failed in a row */
	TimestampTz asked_at;
	Latch	   *latch;			/* NULL: not there yet */
	bool		connected;
	bool		wanted;			/* something was committed since it looked */
	bool		retries;		/* look at what waits for a retry, too */
	bool		idle;
	volatile sig_atomic_t stalled;	/* busy for long, and has other hooks; set
									 * without the mutex */
	bool		relieved;		/* another one was started since it stalled */
	int64		delivery;		/* that it is at; 0 for none; less than 0: of
								 * a failed statement, told once only.  Only
								 * the worker itself looks at it */
} HookWorkerSlot;

/* What a request waits for; what comes later has more who can give it */
typedef enum HookWaitsFor
{
	HOOK_WAITS_FOR_TIME,
	HOOK_WAITS_FOR_PLACE,		/* that another one of the database leaves */
	HOOK_WAITS_FOR_PROCESS		/* that any worker leaves */
} HookWaitsFor;

/* Somebody for whom a worker is to start */
typedef struct HookWorkerRequest
{
	Oid			database;		/* InvalidOid: free */
	Oid			owner;
	bool		stand_in;
	int			tries;
	HookWaitsFor waits;
	TimestampTz at;				/* the first one comes first */
} HookWorkerRequest;

/* A prepared transaction that has an event for hooks of an owner */
typedef struct HookPreparedNote
{
	TransactionId xid;			/* InvalidTransactionId: free */
	Oid			database;
	Oid			owner;
	bool		stand_in;
	int64		pause;			/* until the next look, in microseconds */
	TimestampTz look_at;
} HookPreparedNote;

/* A delivery that ended its worker, or the server */
typedef struct HookWorkerDeath
{
	Oid			database;		/* InvalidOid: free */
	Oid			extension;		/* another one may have been there */
	int64		delivery;		/* less than 0: of the hook with that id, at
								 * the commit of some deliveries */
	int			crashes;		/* of the server */
	bool		terminated;		/* the worker, at least once */
	int			alone;			/* so many are to be delivered one by one */
	int			told_by;		/* the process that has written that down */
} HookWorkerDeath;

typedef struct HookRoster
{
	slock_t		mutex;
	ConditionVariable delivered;	/* of who waits for a delivery */
	Latch	   *volatile launcher;	/* NULL: not there */
	TimestampTz launcher_asked_at;
	Oid			started_through;	/* the databases up to this one have been
									 * seen to since the server started */
	bool		refused;		/* the last process; without the mutex */
	bool		scout_waits;	/* the launcher, for a process */
	TimestampTz look_at;		/* when the launcher is to look for those
								 * whose requests had no room; 0: there are
								 * none */
	HookWorkerSlot workers[HOOK_WORKERS];
	HookWorkerRequest requests[HOOK_REQUESTS];
	HookPreparedNote prepared[HOOK_PREPARED];
	HookWorkerDeath deaths[HOOK_DEATHS];
	int			ndeaths;		/* read without the mutex, too */
} HookRoster;

extern HookRoster *hooks_roster;

extern bool hooks_roster_attach(void);

/* under the mutex */
extern void hooks_roster_request(Oid database, Oid owner, bool stand_in,
								 TimestampTz at, int tries,
								 HookWaitsFor waits);
extern HookWorkerSlot *hooks_roster_take(Oid database, Oid owner,
										 bool stand_in, int tries,
										 TimestampTz now,
										 HookWaitsFor *waits);
extern HookWorkerSlot *hooks_roster_find(Oid database, Oid owner,
										 TimestampTz now);
extern void hooks_roster_forget(Oid database);
extern void hooks_roster_look_later(TimestampTz due);
extern HookWaitsFor hooks_roster_others(Oid database, Oid owner);
extern Latch *hooks_roster_find_idle(Oid database);

#endif							/* HOOKS_ROSTER_H */
