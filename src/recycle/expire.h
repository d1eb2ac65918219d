/*
 * expire.h
 *		The recycle bin forgets what was kept for a limited time.
 */
#ifndef HOOKS_EXPIRE_H
#define HOOKS_EXPIRE_H

#include "postgres.h"

#include "datatype/timestamp.h"

extern TimestampTz hooks_expire_when(const char *interval);
extern TimestampTz hooks_expire(void);
extern TimestampTz hooks_expire_next(void);

#endif							/* HOOKS_EXPIRE_H */
