/*
 * service.c
 *		The transactions in which a worker serves its owner's hooks.
 *
 * They run as the owner.  One worker at a time serves a hook: it holds the
 * hook's lock until its transaction ends.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/guc.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

#include "base/identity.h"
#include "base/own.h"
#include "outbox/service.h"

/* whose hooks are served; set once */
Oid			hooks_service_owner = InvalidOid;

/* whether the session is of another role; set once */
static bool standing_in = false;

/* the role between transactions; set once */
static Oid	session_role = InvalidOid;

/* the identity before the transaction, if it stands in */
static HookIdentity before;

/*
 * Takes away what callbacks have left in the session and the end of the
 * transaction has not: each portion begins as if the session were new.  What
 * they set themselves is reset already, but not what the end of the
 * transaction has called, such as deferred triggers.
 */
static void
clean_session(void)
{
	if (GetUserId() != session_role)
		SetConfigOption("role", "none", PGC_USERSET, PGC_S_SESSION);
	ResetAllOptions();
	PortalHashTableDeleteAll();
	LockReleaseSession(USER_LOCKMETHOD);
	if (hooks_service_is_temporary())
	{
		StartTransactionCommand();
		PushActiveSnapshot(GetTransactionSnapshot());
		ResetTempTableNamespace();
		PopActiveSnapshot();
		CommitTransactionCommand();
	}
}

/*
 * Has the transaction to do with temporary objects?
 */
bool
hooks_service_is_temporary(void)
{
	return (MyXactFlags & XACT_FLAGS_ACCESSEDTEMPNAMESPACE) != 0;
}

/*
 * To be called once, when the worker has connected to its database.
 */
void
hooks_service_init(Oid role, bool stand_in)
{
	hooks_service_owner = role;
	standing_in = stand_in;
	session_role = GetUserId();
}

/*
 * A session that stands in for the owner belongs to a superuser.  No code that
 * runs in the transaction, up to deferred triggers, must be able to become
 * that role.
 */
void
hooks_service_begin(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	if (standing_in)
		hooks_identity_become(&before, hooks_service_owner,
							  SECURITY_LOCAL_USERID_CHANGE);
	PushActiveSnapshot(GetTransactionSnapshot());
}

void
hooks_service_end(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
	if (standing_in)
		hooks_identity_end(&before);
	clean_session();
}

static void
service_locktag(LOCKTAG *tag, int64 hook_id)
{
	Oid			relid = hooks_own_relation("delivery", RELKIND_RELATION);

	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, relid, (uint32) hook_id,
					   (uint16) (hook_id >> 32));
}

/*
 * Locks a hook for serving, until the end of the transaction; false if another
 * worker has the lock.
 */
bool
hooks_service_lock(int64 hook_id)
{
	LOCKTAG		tag;

	service_locktag(&tag, hook_id);
	return LockAcquire(&tag, ExclusiveLock, false, true) !=
		LOCKACQUIRE_NOT_AVAIL;
}

/*
 * Unlocks it early.  Only if nothing was written under the lock.
 */
void
hooks_service_unlock(int64 hook_id)
{
	LOCKTAG		tag;

	service_locktag(&tag, hook_id);
	(void) LockRelease(&tag, ExclusiveLock, false);
}

/*
 * Gives up the transaction of a portion, though nothing has failed.
 */
void
hooks_service_abort(void)
{
	MemoryContext context = CurrentMemoryContext;

	HOLD_INTERRUPTS();
	AbortCurrentTransaction();
	RESUME_INTERRUPTS();
	MemoryContextSwitchTo(context);
}

/*
 * The hook is being removed, until the end of the transaction: nothing more
 * must be written for it (hooks_service_may_keep()).  This does
 * not keep a worker from delivering to the hook, and waits for one only while
 * that commits.
 */
void
hooks_service_remove(int64 hook_id)
{
	LOCKTAG		tag;

	service_locktag(&tag, hook_id);
	(void) LockAcquire(&tag, AccessShareLock, false, false);
}

/*
 * For who holds a hook's lock: keeps others from removing the hook until the
 * end of the transaction.  False if somebody is doing so.
 */
bool
hooks_service_may_keep(int64 hook_id)
{
	LOCKTAG		tag;

	service_locktag(&tag, hook_id);
	return LockAcquire(&tag, AccessExclusiveLock, false, true) !=
		LOCKACQUIRE_NOT_AVAIL;
}

/*
 * Waits until nobody is removing a hook.  In a transaction of its own, without
 * a snapshot: this can take as long as somebody likes.
 */
void
hooks_service_wait(int64 hook_id)
{
	LOCKTAG		tag;

	StartTransactionCommand();
	service_locktag(&tag, hook_id);
	InvalidateCatalogSnapshot();
	(void) LockAcquire(&tag, AccessExclusiveLock, false, false);
	CommitTransactionCommand();
}
