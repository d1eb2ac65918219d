/*
 * batch_reader.c
 *		Reads the rows of a batch, one after the other.
 *
 * What a statement wrote is found again by TID: the versions of the rows that
 * it deleted or made, whatever has happened to them since.  They come in the
 * format of the table that a hook is on, and only those that are in it or in a
 * partition of it.
 */
#include "postgres.h"

#include "access/table.h"
#include "executor/executor.h"
#include "miscadmin.h"

#include "firing/batch_reader.h"
#include "firing/chain.h"

static int
width_of(const HookBatch *batch)
{
	return batch->event->action == HOOK_UPDATE ? 2 : 1;
}

/*
 * No number of a row reaches this.
 */
int64
hooks_batch_reader_size(const HookBatch *batch)
{
	int64		tids = 0;

	if (batch == NULL)
		return 1;
	for (BatchTable *table = batch->tables; table != NULL; table = table->next)
		for (TidChunk *chunk = table->head; chunk != NULL; chunk = chunk->next)
			tids += chunk->used;
	return tids / width_of(batch);
}

/*
 * Begins to read the rows that are in the target, in its format.  Without a
 * batch there is one row, which has neither OLD nor NEW.
 */
void
hooks_batch_reader_begin(HookBatchReader *reader, const HookBatch *batch,
						 Relation target)
{
	memset(reader, 0, sizeof(HookBatchReader));
	reader->batch = batch;
	reader->target = target;
	reader->table = batch == NULL ? NULL : batch->tables;
	reader->number = -1;
}

static bool
is_in_target(const HookBatchReader *reader, Oid relid)
{
	HookRelation *relation;
	bool		below;

	if (relid == RelationGetRelid(reader->target))
		return true;
	relation = hooks_chain_pin(relid);
	below = list_member_oid(relation->ancestors,
							RelationGetRelid(reader->target));
	hooks_chain_unpin(relation);
	return below;
}

static TupleTableSlot *
make_out(const HookBatchReader *reader)
{
	return hooks_rows_make_converted(RelationGetDescr(reader->target));
}

static void
open_table(HookBatchReader *reader)
{
	HookAction	action = reader->batch->event->action;

	reader->rel =
		reader->table->relid == RelationGetRelid(reader->target) ?
		reader->target : table_open(reader->table->relid, AccessShareLock);
	reader->map = reader->rel == reader->target ? NULL :
		convert_tuples_by_name(RelationGetDescr(reader->rel),
							   RelationGetDescr(reader->target));
	if (action != HOOK_INSERT)
	{
		hooks_rows_begin(&reader->old_rows, reader->rel, HOOK_VERSIONS_OLD);
		reader->old_rows.shared = action == HOOK_UPDATE;
		reader->old_out = reader->map == NULL ? NULL : make_out(reader);
	}
	if (action != HOOK_DELETE)
	{
		hooks_rows_begin(&reader->new_rows, reader->rel, HOOK_VERSIONS_NEW);
		reader->new_out = reader->map == NULL ? NULL : make_out(reader);
	}
	reader->chunk = reader->table->head;
	reader->place = 0;
}

static void
close_table(HookBatchReader *reader)
{
	HookAction	action = reader->batch->event->action;

	if (action != HOOK_INSERT)
		hooks_rows_end(&reader->old_rows);
	if (action != HOOK_DELETE)
		hooks_rows_end(&reader->new_rows);
	if (reader->old_out != NULL)
		ExecDropSingleTupleTableSlot(reader->old_out);
	if (reader->new_out != NULL)
		ExecDropSingleTupleTableSlot(reader->new_out);
	if (reader->map != NULL)
		free_conversion_map(reader->map);
	if (reader->rel != reader->target)
		table_close(reader->rel, NoLock);
	reader->rel = NULL;
	reader->map = NULL;
	reader->old_out = NULL;
	reader->new_out = NULL;
}

/*
 * A row version in the target's format; false if it is not our work.
 */
static bool
fetch_version(HookBatchReader *reader, HookRowFetcher *rows, ItemPointer tid,
			  TupleTableSlot *out, TupleTableSlot **slot)
{
	if (!hooks_rows_get(rows, tid))
		return false;
	*slot = reader->map == NULL ? rows->slot : out;
	if (reader->map != NULL)
		hooks_rows_convert(reader->map->attrMap, rows->slot, out);
	return true;
}

/*
 * Reads the next row; false if there is none.
 */
bool
hooks_batch_reader_next(HookBatchReader *reader)
{
	HookAction	action;
	int			width;

	if (reader->batch == NULL)
		return ++reader->number == 0;
	action = reader->batch->event->action;
	width = width_of(reader->batch);
	while (reader->table != NULL)
	{
		ItemPointer tid;

		if (reader->rel == NULL && is_in_target(reader, reader->table->relid))
			open_table(reader);
		else if (reader->rel == NULL)
		{
			/* its rows are counted all the same */
			for (TidChunk *chunk = reader->table->head; chunk != NULL;
				 chunk = chunk->next)
				reader->number += chunk->used / width;
			reader->table = reader->table->next;
			continue;
		}
		if (reader->chunk == NULL)
		{
			close_table(reader);
			reader->table = reader->table->next;
			continue;
		}
		if (reader->place >= reader->chunk->used)
		{
			reader->chunk = reader->chunk->next;
			reader->place = 0;
			continue;
		}

		CHECK_FOR_INTERRUPTS();
		tid = &reader->chunk->tids[reader->place];
		reader->place += width;
		reader->number++;
		if (action != HOOK_INSERT &&
			!fetch_version(reader, &reader->old_rows, tid, reader->old_out,
						   &reader->old))
			continue;
		if (action != HOOK_DELETE &&
			!fetch_version(reader, &reader->new_rows, tid + width - 1,
						   reader->new_out, &reader->new))
			continue;
		return true;
	}
	return false;
}

/*
 * Ends it, at whatever row.
 */
void
hooks_batch_reader_end(HookBatchReader *reader)
{
	if (reader->rel != NULL)
		close_table(reader);
}
