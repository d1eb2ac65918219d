/*
 * rate.h
 *		The arguments of hooks.rate_limit().
 */
#ifndef HOOKS_RATE_H
#define HOOKS_RATE_H

#include "postgres.h"

/* whose calls are counted together */
typedef enum HookRateScope
{
	HOOK_RATE_OF_CALLER,
	HOOK_RATE_OF_ADDRESS,		/* of the client */
	HOOK_RATE_OF_METADATA		/* a value in hooks.metadata */
} HookRateScope;

typedef struct HookRate
{
	int			limit;			/* so many */
	double		seconds;		/* in this time */
	const char *interval;		/* the same, as it was written */
	HookRateScope scope;
	const char *key;			/* of the metadata */
} HookRate;

extern void hooks_rate_read(HookRate *rate, char **arguments, int n);
extern void hooks_rate_need_buckets(void);
extern void hooks_rate_check(char **arguments, int n);

#endif							/* HOOKS_RATE_H */
