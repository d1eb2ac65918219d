/*
 * serve.h
 *		What a worker does for the hooks of its owner.
 */
#ifndef HOOKS_SERVE_H
#define HOOKS_SERVE_H

#include "postgres.h"

#include "datatype/timestamp.h"

extern void hooks_serve_init(Oid role, bool stand_in);
extern bool hooks_serve(void);
extern TimestampTz hooks_serve_next(bool again);

#endif							/* HOOKS_SERVE_H */
