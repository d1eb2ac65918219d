/*
 * workers.h
 *		Workers, for any session: wakes them, and waits for them.
 */
#ifndef HOOKS_WORKERS_H
#define HOOKS_WORKERS_H

#include "postgres.h"

#include "datatype/timestamp.h"

extern bool hooks_workers_stand_in(Oid owner);
extern void hooks_workers_wake(Oid database, Oid owner, bool stand_in,
							   bool retries);
extern bool hooks_workers_wake_again(Oid database, Oid owner, bool stand_in,
									 bool retries, int tries,
									 TimestampTz since);
extern void hooks_workers_request(Oid database, Oid owner, bool stand_in,
								  TimestampTz at);
extern void hooks_workers_look_again(TimestampTz at);
extern void hooks_workers_prepare_to_wait(void);
extern bool hooks_workers_wait(long ms);
extern void hooks_workers_end_wait(void);

#endif							/* HOOKS_WORKERS_H */
