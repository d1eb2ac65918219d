/*
 * attempt.c
 *		Runs what may fail in a subtransaction, and ends what has failed.
 *
 * For work that may fail without the statement failing, such as planning a
 * condition that does not fit its table any more.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/attempt.h"

/*
 * Is it an error that nothing swallows?  The client has to know of some.  The
 * others it can bring about: a session that is short of stack, memory or
 * temporary files, or that has made its transaction read-only, must not be
 * able to leave out what is isolated.
 *
 * Only the SQLSTATE counts, as some languages keep nothing else of an error.
 */
bool
hooks_attempt_must_propagate(int sqlerrcode)
{
	switch (ERRCODE_TO_CATEGORY(sqlerrcode))
	{
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_PROGRAM_LIMIT_EXCEEDED:
			return true;
		default:
			break;
	}
	switch (sqlerrcode)
	{
		case ERRCODE_QUERY_CANCELED:
		case ERRCODE_ADMIN_SHUTDOWN:
		case ERRCODE_CRASH_SHUTDOWN:
		case ERRCODE_CANNOT_CONNECT_NOW:
		case ERRCODE_DATABASE_DROPPED:
		case ERRCODE_T_R_SERIALIZATION_FAILURE:
		case ERRCODE_T_R_DEADLOCK_DETECTED:
		case ERRCODE_READ_ONLY_SQL_TRANSACTION:
			return true;
		default:
			return false;
	}
}

/*
 * Runs body(arg).  Returns NULL if it succeeded.  If it failed, it is rolled
 * back and the error returned, in the caller's memory context; one that
 * nothing swallows passes.
 */
ErrorData *
hooks_attempt(void (*body) (void *arg), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		body(arg);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();

	if (error == NULL)
		ReleaseCurrentSubTransaction();
	else
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error != NULL && hooks_attempt_must_propagate(error->sqlerrcode))
		ReThrowError(error);
	return error;
}

/*
 * For the PG_CATCH of a worker, which has no client to tell: logs the error,
 * and rolls the whole transaction back.
 */
void
hooks_attempt_give_up(void)
{
	HOLD_INTERRUPTS();
	EmitErrorReport();
	AbortCurrentTransaction();
	FlushErrorState();
	RESUME_INTERRUPTS();
}
