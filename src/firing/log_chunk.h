/*
 * log_chunk.h
 *		The rows of a statement, in chunks, for the log.
 */
#ifndef HOOKS_LOG_CHUNK_H
#define HOOKS_LOG_CHUNK_H

#include "postgres.h"

#include "utils/rel.h"

#include "base/jsonraw.h"
#include "firing/batch.h"
#include "firing/call.h"
#include "firing/rowjson.h"

/* What one hook wants of a statement */
typedef struct HookLogShare
{
	HookCall   *call;
	bool		out;			/* failed: nothing */
	uint8	   *chosen;			/* of rows, by their number in the batch;
								 * NULL: all */

	/* of the chunk at hand */
	int			count;			/* rows that it wants */
	HookJsonRaw places;			/* which these are, from 0 */
} HookLogShare;

/* What is to be written */
typedef struct HookLogSource
{
	const HookBatch *batch;		/* NULL: a statement without rows */
	Relation	target;			/* that the hooks are on */
	List	   *hooks;			/* of HookLogShare, by hook_id */
	Bitmapset  *columns;		/* that they want together; NULL: all */
	HookRowJson *json;			/* which makes jsonb of these */
} HookLogSource;

extern void hooks_log_chunk_begin(HookLogSource *source,
								  const HookBatch *batch, Relation target,
								  List *hooks);
extern void hooks_log_chunk_write(const HookLogSource *source,
								  HookFiring *firing);

#endif							/* HOOKS_LOG_CHUNK_H */
