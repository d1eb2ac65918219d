/*
 * prepared.h
 *		Prepared transactions that have events for hooks.
 */
#ifndef HOOKS_PREPARED_H
#define HOOKS_PREPARED_H

#include "postgres.h"

#include "datatype/timestamp.h"

extern void hooks_prepared_note(Oid database, Oid owner, bool stand_in,
								TransactionId xid);
extern bool hooks_prepared_any(void);
extern TimestampTz hooks_prepared_look(TimestampTz now);

#endif							/* HOOKS_PREPARED_H */
