/*
 * forget.c
 *		Forget what was counted of what is dropped.
 *
 * Where sessions share counters, those of a definition or of a whole database
 * go when the transaction that drops it commits.  object_access_hook tells of
 * a drop, whatever the command.  It is called for much else, too, in every
 * statement; so a session listens only once it does what may drop something.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_database.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/counters.h"
#include "base/forget.h"

/* A function or database that this transaction has dropped */
typedef struct ForgetKey
{
	Oid			classid;
	Oid			objid;
	int			nest_level;		/* of the transaction */
} ForgetKey;

/*
 * ForgetKeys, in TopTransactionContext.  The abort of a subtransaction takes
 * off those that were added in it.
 */
List	   *hooks_forget_keys = NIL;

/* Set once: do sessions share counters, and does this one listen already? */
static bool shared = false;
static bool listening = false;
static object_access_hook_type prev_object_access = NULL;

/*
 * A function or database is being dropped.
 */
static void
add_key(Oid classid, Oid objid)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	ForgetKey  *key = palloc(sizeof(ForgetKey));

	key->classid = classid;
	key->objid = objid;
	key->nest_level = GetCurrentTransactionNestLevel();
	hooks_forget_keys = lappend(hooks_forget_keys, key);
	MemoryContextSwitchTo(old);
}

static void
object_access(ObjectAccessType access, Oid classid, Oid objid, int subid,
			  void *arg)
{
	if (prev_object_access)
		prev_object_access(access, classid, objid, subid, arg);
	if (access == OAT_DROP && subid == 0 &&
		(classid == ProcedureRelationId || classid == DatabaseRelationId))
		add_key(classid, objid);
}

/*
 * Notes whether sessions share counters.  From _PG_init() only.
 */
void
hooks_forget_init(void)
{
	shared = process_shared_preload_libraries_in_progress;
}

/*
 * Something may be dropped now.
 */
void
hooks_forget_listen(void)
{
	if (listening || !shared)
		return;
	prev_object_access = object_access_hook;
	object_access_hook = object_access;
	listening = true;
}

/*
 * The transaction has ended.  Does not throw.
 */
void
hooks_forget_end_transaction(bool commit)
{
	ListCell   *lc;

	foreach(lc, hooks_forget_keys)
	{
		const ForgetKey *key = lfirst(lc);

		if (!commit)
			break;
		if (key->classid == DatabaseRelationId)
			hooks_counters_forget_database(key->objid);
		else
			hooks_counters_forget(key->objid);
	}
	hooks_forget_keys = NIL;
}

/*
 * A subtransaction of this level ends.
 */
void
hooks_forget_end_subtransaction(int nest_level, bool commit)
{
	ListCell   *lc;

	foreach(lc, hooks_forget_keys)
	{
		ForgetKey  *key = lfirst(lc);

		if (!commit && key->nest_level >= nest_level)
			hooks_forget_keys = foreach_delete_current(hooks_forget_keys, lc);
		else
			key->nest_level = Min(key->nest_level, nest_level - 1);
	}
}
