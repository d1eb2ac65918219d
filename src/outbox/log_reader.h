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

#include "firing/log.h"
#include "registry/hook.h"

/* A row of the log */
typedef struct HookLogRow
{
	int64		event_id;
	FullTransactionId transaction_id;
	HookLogEntry entry;
} HookLogRow;

extern void hooks_log_reader_form(HookLogRow *row, HeapTuple tuple,
								  TupleDesc desc);
extern int	hooks_log_reader_place(const HookLogRow *row, int64 hook_id);
extern int64 hooks_log_reader_delivery_id(const HookLogRow *row,
										  int64 hook_id);
extern Jsonb *hooks_log_reader_event(const HookLogRow *row, const Hook *hook,
									 int attempt);

#endif							/* HOOKS_LOG_READER_H */
