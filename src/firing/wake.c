/*
 * wake.c
 *		Wakes the worker that delivers what a transaction brings about.
 */
#include "postgres.h"

#include "firing/wake.h"

/*
 * When the transaction commits, deliveries wait for a hook of this owner.
 */
void
hooks_worker_wanted(Oid owner)
{
	Assert(OidIsValid(owner));
}
