/*
 * portion.h
 *		A portion: what a worker delivers to a hook in one transaction.
 */
#ifndef HOOKS_PORTION_H
#define HOOKS_PORTION_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "outbox/served.h"

typedef struct HookPortion
{
	TimestampTz began;
	int			limit;			/* of deliveries */
	TimestampTz ends_at;
	int			deliveries;		/* so far */
	int64		last;			/* the last of these, done or not */
	bool		busy;			/* something waits for the hook */
	bool		failed;			/* a delivery has, which is to be kept */
} HookPortion;

extern HookPortion hooks_portion;

extern void hooks_portion_begin(void);
extern void hooks_portion_serve(HookServed *served);

#endif							/* HOOKS_PORTION_H */
