/*
 * lock.c
 *		The locks of those who write the registry.
 *
 * Who adds, changes or removes a hook holds the writers' lock of the registry,
 * which conflicts with itself and with no reader's, and the lock of the hook,
 * until the end of the transaction.  Who only lets a hook's row show new names
 * holds the lock of that hook; so does who registers a check of that name, as
 * every role may do that, and must not keep others from the registry.
 */
#include "postgres.h"

#include "access/table.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "base/own.h"
#include "registry/hook.h"
#include "registry/lock.h"
#include "registry/registry.h"

static void
hook_locktag(LOCKTAG *tag, const char *name)
{
	uint32		hash = DatumGetUInt32(hash_any((const unsigned char *) name,
											   strlen(name)));

	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, hooks_registry_relid(), hash, 0);
}

/*
 * Keeps other writers of the registry out until the end of the transaction.
 * 55000 if the registry is of another version: so may be what called.
 */
void
hooks_lock_registry(void)
{
	table_close(hooks_own_open(&hooks_registry_table,
							   ShareUpdateExclusiveLock),
				NoLock);
}

/*
 * Keeps others from writing the row of a hook until the end of the
 * transaction.  False if somebody else does and this is not to wait.
 */
bool
hooks_lock_hook(const char *name, bool wait)
{
	LOCKTAG		tag;

	hook_locktag(&tag, name);
	if (LockAcquire(&tag, ExclusiveLock, false, !wait) ==
		LOCKACQUIRE_NOT_AVAIL)
		return false;
	AcceptInvalidationMessages();
	return true;
}

/*
 * Keeps others from giving a name to a hook, filter or check until the end of
 * the transaction.  55000 as hooks_lock_registry().
 */
void
hooks_lock_name(const char *name)
{
	table_close(hooks_own_open(&hooks_registry_table, AccessShareLock),
				NoLock);
	(void) hooks_lock_hook(name, true);
}

/*
 * Gives it back, if nothing has got the name.
 */
void
hooks_lock_release_name(const char *name)
{
	LOCKTAG		tag;

	hook_locktag(&tag, name);
	(void) LockRelease(&tag, ExclusiveLock, false);
}

/*
 * Is nobody writing the row of a hook?  Then what others have committed is
 * known from now on: a transaction is seen by snapshots before it tells others
 * what it has changed, but it gives up its locks after that.
 */
bool
hooks_lock_is_free(const char *name)
{
	LOCKTAG		tag;

	hook_locktag(&tag, name);
	if (LockAcquire(&tag, ShareLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return false;
	(void) LockRelease(&tag, ShareLock, false);
	AcceptInvalidationMessages();
	return true;
}

/*
 * Takes both locks without waiting; false if somebody else is
 * writing.
 */
bool
hooks_lock_try(const char *name)
{
	return ConditionalLockRelationOid(hooks_registry_relid(),
									  ShareUpdateExclusiveLock) &&
		hooks_lock_hook(name, false);
}

/*
 * Gives back the lock under which nothing was written, and that on a hook,
 * unless the name is NULL.
 */
void
hooks_lock_release(const char *name)
{
	if (name != NULL)
		hooks_lock_release_name(name);
	UnlockRelationOid(hooks_registry_relid(), ShareUpdateExclusiveLock);
}
