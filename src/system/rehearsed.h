/*
 * rehearsed.h
 *		What a rehearsed statement has done.
 */
#ifndef HOOKS_REHEARSED_H
#define HOOKS_REHEARSED_H

#include "postgres.h"

#include "utils/tuplestore.h"

#include "firing/trace.h"
#include "firing/written.h"

/* A firing, noted when it begins */
typedef struct HookRehearsedFiring
{
	uint64		place;			/* as HookWritten's */
	int			nest_level;		/* of the transaction */
	int			nesting;		/* of firings, as HookFiring's depth */
	bool		pending;		/* it has not ended */
	bool		undone;			/* by the rollback of a subtransaction */
	NameData	hook;
	HookPhase	phase;
	Oid			relation;
	int			depth;
	Oid			constraint;
	HookEnded	ended;
} HookRehearsedFiring;

/* Lives in the caller's memory, outside of the subtransaction */
typedef struct HookRehearsal
{
	HookObserver observer;		/* must be first */
	HookWriting writing;
	MemoryContext context;
	HookRehearsedFiring *firings;
	Size		nfirings;
	Size		size;
	const char *statement;
	ErrorData  *error;			/* NULL: it would succeed */
} HookRehearsal;

extern void hooks_rehearsed_put(const HookRehearsal *self,
								Tuplestorestate *store, TupleDesc desc);

#endif							/* HOOKS_REHEARSED_H */
