/*
 * timeout.h
 *		A hook's own time limit.
 */
#ifndef HOOKS_TIMEOUT_H
#define HOOKS_TIMEOUT_H

#include "postgres.h"

#include "datatype/timestamp.h"

/* A running limit; lives on the C stack of policy.c */
typedef struct HookTimeout
{
	struct HookTimeout *outer;
	TimestampTz deadline;
	int			ms;
} HookTimeout;

extern void hooks_timeout_begin(HookTimeout *timeout, int ms);
extern bool hooks_timeout_end(HookTimeout *timeout);
extern bool hooks_timeout_caused(const HookTimeout *timeout, int sqlerrcode);

#endif							/* HOOKS_TIMEOUT_H */
