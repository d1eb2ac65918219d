/*
 * log_reader.h
 *		Rows of the log, as events for callbacks.
 */
#ifndef HOOKS_LOG_READER_H
#define HOOKS_LOG_READER_H

#include "postgres.h"

#include "access/htup.h"
#include "access/transam.h"
#include "access/tupdesc.h"
#include "utils/jsonb.h"

#include "registry/hook.h"

/*
 * A row of the log.  Texts and jsonb are as the table has them, or copies
 * where they were toasted; NULL for null.
 */
typedef struct HookLogRow
{
	int64		event_id;
	FullTransactionId transaction_id;
	int			nhooks;
	const int64 *hook_ids;		/* that want something of it */
	Oid			relation;
	const		text *relation_name;
	const		text *action;
	const		text *caller;
	const		text *session_user;
	const		text *statement;
	Jsonb	   *metadata;
	TimestampTz fired_at;
	int			generation;
	const		text *root_relation;
	const		text *root_action;
	int			cascade_depth;	/* or HOOK_DEPTH_UNKNOWN */
	const		text *constraint_name;
	Jsonb	   *old_rows;
	Jsonb	   *new_rows;
	Jsonb	   *selections;
} HookLogRow;

extern void hooks_log_reader_form(HookLogRow *row, HeapTuple tuple,
								  TupleDesc desc);
extern int	hooks_log_reader_place(const HookLogRow *row, int64 hook_id);
extern int64 hooks_log_reader_delivery_id(const HookLogRow *row,
										  int64 hook_id);
extern Jsonb *hooks_log_reader_event(const HookLogRow *row, const Hook *hook,
									 int attempt);

#endif							/* HOOKS_LOG_READER_H */
