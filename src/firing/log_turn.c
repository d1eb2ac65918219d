/*
 * log_turn.c
 *		Which of the three tables of the log is written now.
 *
 * The answer is the last value of a sequence, which does not depend on
 * transactions.  An old answer does no harm: a table is emptied only when no
 * session has it open and all hooks are past everything in it (rotate.c).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/sequence.h"
#include "fmgr.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/identity.h"
#include "base/own.h"
#include "base/rights.h"
#include "firing/log.h"
#include "firing/log_turn.h"

#define TURN "log_turn"

/* a new transaction may use an answer that is not older */
#define ANSWER_HOLDS USECS_PER_SEC

/*
 * The begin of the transaction of this session that has asked last, and the
 * answer.  An abort does not change them.
 */
static TimestampTz asked_at = 0;
static int	answer = 1;

/*
 * The table to write: 1, 2 or 3.
 */
int
hooks_log_turn(void)
{
	Relation	sequence = hooks_own_open_named(TURN, RELKIND_SEQUENCE,
												AccessShareLock);
	Buffer		buffer = ReadBuffer(sequence, 0);
	Page		page;
	HeapTupleData tuple;
	ItemId		item;
	int64		turn;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(buffer);
	item = PageGetItemId(page, FirstOffsetNumber);
	tuple.t_data = (HeapTupleHeader) PageGetItem(page, item);
	turn = ((Form_pg_sequence_data) GETSTRUCT(&tuple))->last_value;
	UnlockReleaseBuffer(buffer);
	relation_close(sequence, AccessShareLock);
	Assert(turn >= 1 && turn <= HOOK_LOG_TABLES);
	return (int) turn;
}

/*
 * The same; the answer may be a second old.
 */
int
hooks_log_turn_recent(void)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (now - asked_at > ANSWER_HOLDS || now < asked_at)
	{
		answer = hooks_log_turn();
		asked_at = now;
	}
	return answer;
}

/*
 * Opens the table of the log that is written now.  Its lock is held until the
 * end of the transaction.
 */
Relation
hooks_log_turn_open(void)
{
	return hooks_own_open(&hooks_log_tables[hooks_log_turn_recent() - 1],
						  RowExclusiveLock);
}

/*
 * Makes another table the one that is written from now on.
 */
void
hooks_log_turn_to(int turn)
{
	Oid			relid = hooks_own_relation(TURN, RELKIND_SEQUENCE);
	HookIdentity before;

	Assert(turn >= 1 && turn <= HOOK_LOG_TABLES);
	hooks_identity_become(&before, hooks_rights_owner(relid),
						  HOOKS_RESTRICTED);
	DirectFunctionCall2(setval_oid, ObjectIdGetDatum(relid),
						Int64GetDatum(turn));
	hooks_identity_end(&before);
}
