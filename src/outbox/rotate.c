/*
 * rotate.c
 *		Empties the tables of the log in turn.
 *
 * When the current table is large, writers switch to another one, if one is
 * empty.  Any other table is emptied when the positions of all hooks see
 * everything in it; the current one, too, when there is no hook any more.  The
 * positions' table of the same number is emptied with it, so each hook first
 * needs a position in another table.  This takes two transactions:
 *
 *	 1. who is behind only because nothing was for it gets a new position;
 *	 2. under locks that are taken only if nobody is in the way, all positions
 *		are looked at, and the tables get new, empty files.
 *
 * A session that still writes to the table has a lock on it, so the table is
 * not emptied then.  Other sessions wait only for the short second
 * transaction.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/own.h"
#include "firing/log.h"
#include "firing/log_turn.h"
#include "outbox/position.h"
#include "outbox/rotate.h"
#include "outbox/scan.h"
#include "outbox/service.h"
#include "registry/registry.h"

/* a table of so many blocks is large */
#define LARGE	(32 * 1024 * 1024 / BLCKSZ)

/* how often to look, in microseconds; less often while a lock is not free */
#define INTERVAL		USECS_PER_SEC
#define MAX_INTERVAL	USECS_PER_MINUTE

/* the lock that lets one process of a database do this at a time */
#define ROTATION		0

/* when to look again, and the interval after that; of this process */
static TimestampTz look_at = 0;
static int64 interval = INTERVAL;

/* whether a table was left that is to be emptied, and whether for no hook */
static bool left = false;
static bool left_for_none = false;

static const char *
log_of_turn(int turn)
{
	return hooks_log_tables[turn - 1].name;
}

/*
 * The blocks of a table, and of its TOAST table.
 */
static BlockNumber
size_of(const char *name)
{
	Relation	rel = hooks_own_open_named(name, RELKIND_RELATION,
										   AccessShareLock);
	BlockNumber size = RelationGetNumberOfBlocks(rel);

	if (OidIsValid(rel->rd_rel->reltoastrelid))
	{
		Relation	toast = relation_open(rel->rd_rel->reltoastrelid,
										  AccessShareLock);

		size += RelationGetNumberOfBlocks(toast);
		relation_close(toast, AccessShareLock);
	}
	relation_close(rel, AccessShareLock);
	return size;
}

static BlockNumber
size_of_turn(int turn)
{
	return size_of(log_of_turn(turn)) + size_of(hooks_position_table(turn));
}

/*
 * Is there anything in the log?
 */
bool
hooks_rotate_any(void)
{
	bool		any = false;

	for (int turn = 1; turn <= HOOK_LOG_TABLES && !any; turn++)
		any = size_of_turn(turn) > 0;
	return any;
}

/*
 * Switches to another table if the current one is large; returns the number of
 * the table that is written.
 */
static int
switch_turn(void)
{
	int			current = hooks_log_turn();

	if (size_of_turn(current) < LARGE)
		return current;
	for (int turn = 1; turn <= HOOK_LOG_TABLES; turn++)
	{
		if (turn == current || size_of_turn(turn) > 0)
			continue;
		hooks_log_turn_to(turn);
		return turn;
	}
	return current;
}

/*
 * Has a hook no use for a table any more, so that it may be emptied?
 */
static bool
is_past(int turn, const HookPosition *position)
{
	return position->number > 0 && position->turn != turn &&
		hooks_scan_is_seen(turn, position->seen);
}

/*
 * Moves a hook past a table, if nothing in the table waits for the hook.
 */
static bool
move_past(int turn, int current, int64 hook_id)
{
	HookPosition position;

	if (!hooks_service_lock(hook_id))
		return false;
	PopActiveSnapshot();
	PushActiveSnapshot(GetTransactionSnapshot());
	hooks_position_read(hook_id, &position);
	if (!hooks_scan_any(&position, NULL))
	{
		position.seen = hooks_position_snapshot();
		position.target = NULL;
	}
	else if (position.number == 0 ||
			 !hooks_scan_is_seen(turn, position.seen))
	{
		hooks_service_unlock(hook_id);
		return false;
	}
	/* else only the position itself is in the way */
	hooks_position_write(&position, current);
	return true;
}

/*
 * The ids of all hooks that have positions, in force or not, palloc'd.
 */
static List *
hooks_with_positions(void)
{
	List	   *hooks = NIL;
	ListCell   *lc;

	foreach(lc, hooks_registry_all())
	{
		Hook	   *hook = lfirst(lc);

		if (hook->damage == NULL && hook->phase == HOOK_AFTER_COMMIT)
			hooks = lappend(hooks, hook);
	}
	return hooks;
}

/*
 * The first transaction.  Returns whether all hooks are past a table, or will
 * be when this commits.
 */
static bool
move_hooks(int turn, int current)
{
	ListCell   *lc;

	foreach(lc, hooks_with_positions())
	{
		HookPosition position;

		CHECK_FOR_INTERRUPTS();
		hooks_position_read(((Hook *) lfirst(lc))->hook_id, &position);
		if (!is_past(turn, &position) &&
			!move_past(turn, current, position.hook_id))
			return false;
	}
	return true;
}

/*
 * Gives a table an empty file, as TRUNCATE does.  A TRUNCATE would be sent to
 * subscribers, too.  An exclusive lock is held.
 */
static void
empty_table(Relation rel)
{
	Oid			toast = rel->rd_rel->reltoastrelid;

	hooks_set_new_file(rel);
	if (OidIsValid(toast))
	{
		Relation	toastrel = relation_open(toast, AccessExclusiveLock);

		hooks_set_new_file(toastrel);
		table_close(toastrel, NoLock);
	}
	hooks_reindex(RelationGetRelid(rel));
	pgstat_count_truncate(rel);
}

/*
 * Are all hooks past a table?
 */
static bool
all_are_past(int turn)
{
	ListCell   *lc;

	foreach(lc, hooks_with_positions())
	{
		HookPosition position;

		hooks_position_read(((Hook *) lfirst(lc))->hook_id, &position);
		if (!is_past(turn, &position))
			return false;
	}
	return true;
}

/*
 * The second transaction: empties a table if all hooks are past it.
 */
static bool
empty_turn(int turn)
{
	Relation	log = hooks_own_open_if_free(log_of_turn(turn),
											 AccessExclusiveLock);
	Relation	positions = log == NULL ? NULL :
		hooks_own_open_if_free(hooks_position_table(turn),
							   AccessExclusiveLock);
	bool		empty = false;

	if (positions != NULL)
	{
		PopActiveSnapshot();
		PushActiveSnapshot(GetTransactionSnapshot());
		empty = all_are_past(turn);
	}
	if (empty)
	{
		empty_table(log);
		empty_table(positions);
	}
	if (positions != NULL)
		table_close(positions, NoLock);
	if (log != NULL)
		table_close(log, NoLock);
	return empty;
}

static bool
begin(void)
{
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	return OidIsValid(hooks_own_find("delivery", RELKIND_RELATION)) &&
		hooks_service_lock(ROTATION);
}

static void
end(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/*
 * Empties a table, if one can be emptied.
 */
static bool
rotate(void)
{
	int			turn = 0;
	int			current = 0;
	bool		moved = false;

	if (begin())
	{
		bool		no_hooks = hooks_with_positions() == NIL;

		current = switch_turn();
		for (turn = HOOK_LOG_TABLES; turn > 0; turn--)
		{
			if ((turn == current && !no_hooks) || size_of_turn(turn) == 0)
				continue;
			left = true;
			left_for_none = no_hooks;
			moved = move_hooks(turn, current);
			if (moved)
				break;
		}
	}
	end();
	if (!moved)
		return false;
	if (begin() && hooks_log_turn() == current)
		moved = empty_turn(turn);
	end();
	return moved;
}

/*
 * Empties what can be emptied, and returns when to look again; PG_INT64_MAX if
 * nothing was left to empty.  Cheap if it was called a short time ago, unless
 * it is the last call of a process.
 */
TimestampTz
hooks_rotate(bool last)
{
	TimestampTz now = GetCurrentTimestamp();

	if (last || now >= look_at)
	{
		do
		{
			left = false;
		} while (rotate());
		interval = left ? Min(2 * interval, MAX_INTERVAL) : INTERVAL;
		look_at = now + interval;
	}
	return left ? look_at : PG_INT64_MAX;
}

/*
 * Has hooks_rotate() left something that no hook needs, so that no event will
 * have a worker come back to it?
 */
bool
hooks_rotate_is_due(void)
{
	return left && left_for_none;
}
