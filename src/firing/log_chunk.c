/*
 * log_chunk.c
 *		The rows of a statement, in chunks, for the log.
 *
 * A chunk has the rows that any of the hooks wants, with the columns that any
 * of them wants, and a note for each hook that does not want all of that:
 *		{"17": {"rows": [0, 2], "columns": ["id", "email"]}}
 * Rows are counted from 0 in the chunk.  Columns have their names at this
 * time: a rename does not change the log.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "base/wake.h"
#include "firing/batch_reader.h"
#include "firing/log.h"
#include "firing/log_chunk.h"
#include "firing/payload.h"
#include "firing/rowjson.h"

/* bytes of rows after which a chunk is full, whatever their number */
#define MAX_CHUNK		(16 * 1024 * 1024)

/* at least as many bytes as an event has besides rows and metadata */
#define MAX_NAMES		(64 * 1024)

/* A chunk that is being filled */
typedef struct LogChunk
{
	const HookLogSource *source;
	HookLogEntry entry;			/* as far as all chunks share it */
	bool		begun;
	MemoryContext context;		/* reset after each chunk */
	MemoryContext row_context;	/* after each row */
	int			rows;
	HookJsonRaw old_rows;
	HookJsonRaw new_rows;
} LogChunk;

static const Hook *
hook_of(const HookLogShare *share)
{
	return share->call->member->hook;
}

static Bitmapset *
payload_of(const Hook *hook)
{
	Bitmapset  *columns = NULL;
	ListCell   *lc;

	foreach(lc, hook->payload)
	{
		columns = bms_add_member(columns, lfirst_int(lc));
	}
	return columns;
}

/*
 * The columns that hooks want together; NULL: all.
 */
static Bitmapset *
wanted_columns(List *hooks)
{
	Bitmapset  *columns = NULL;
	ListCell   *lc;

	foreach(lc, hooks)
	{
		Bitmapset  *own = payload_of(hook_of(lfirst(lc)));

		if (own == NULL)
			return NULL;
		columns = bms_union(columns, own);
	}
	return columns;
}

/*
 * What makes jsonb of the rows.  It is kept with the first hook: made anew for
 * each statement, it would cost as much as the row of most statements.  The
 * chain that it belongs to is pinned, and goes when the table changes.
 */
static HookRowJson *
json_for(Relation target, List *hooks, const Bitmapset *columns)
{
	const HookLogShare *first = linitial(hooks);
	HookKeptJson *kept = first->call->member->json;
	MemoryContext old;

	if (!kept->tried)
	{
		HookRowJson *json;

		kept->tried = true;
		old = MemoryContextSwitchTo(GetMemoryChunkContext(kept));
		json = hooks_rowjson_begin(target, columns);
		if (hooks_rowjson_can_be_kept(json))
		{
			kept->columns = bms_copy(columns);
			kept->made = json;
		}
		MemoryContextSwitchTo(old);
	}
	return kept->made != NULL && bms_equal(kept->columns, columns) ?
		kept->made : hooks_rowjson_begin(target, columns);
}

/*
 * Begins to write the rows of a target that hooks want.
 */
void
hooks_log_chunk_begin(HookLogSource *source, const HookBatch *batch,
					  Relation target, List *hooks)
{
	source->batch = batch;
	source->target = target;
	source->hooks = hooks;
	source->columns = wanted_columns(hooks);
	source->json = json_for(target, hooks, source->columns);
}

/*
 * What all chunks of a statement have.
 */
static void
describe_statement(HookLogEntry *entry, const HookLogSource *source,
				   const HookFiring *firing)
{
	HookOrigin	found;
	Oid			root;
	const char *sql;
	const HookOrigin *origin = hooks_context_find(firing, &found, &root,
												  &entry->root_action, &sql);

	entry->relation = RelationGetRelid(source->target);
	entry->relation_name = hooks_payload_name(source->target);
	entry->action = hooks_context_action_word(firing->subject);
	entry->caller = GetUserNameFromId(firing->caller, true);
	entry->session_user = firing->caller == GetSessionUserId() ?
		entry->caller : GetUserNameFromId(GetSessionUserId(), true);
	entry->statement = hooks_payload_statement(sql);
	entry->metadata = hooks_settings_metadata();
	entry->fired_at = GetCurrentTimestamp();
	entry->generation = hooks_log_generation + 1;
	entry->root_relation = root == entry->relation ? entry->relation_name :
		hooks_payload_relation(root);
	entry->cascade_depth = origin->depth;
	entry->constraint_name = OidIsValid(origin->constraint) ?
		get_constraint_name(origin->constraint) : NULL;
}

/*
 * The names of a hook's columns, as an array.
 */
static Jsonb *
column_names(const Hook *hook)
{
	HookJsonRaw names;
	ListCell   *lc;

	hooks_jsonraw_begin(&names);
	foreach(lc, hook->payload)
	{
		hooks_jsonraw_add_string(&names, get_attname(hook->relation,
													 lfirst_int(lc), false));
	}
	return hooks_jsonraw_end(&names, false);
}

/*
 * Adds what a hook wants to the selections, if that is not everything.
 */
static void
add_selection(JsonbInState *state, const LogChunk *chunk,
			  const HookLogShare *share)
{
	const Hook *hook = hook_of(share);
	bool		some_rows = share->count < chunk->rows;
	bool		some_columns = hook->payload != NIL &&
		!bms_equal(payload_of(hook), chunk->source->columns);

	if (!some_rows && !some_columns)
		return;
	if (state->parseState == NULL)
		hooks_jsonb_push(state, WJB_BEGIN_OBJECT, NULL);
	hooks_payload_key(state, psprintf(INT64_FORMAT, hook->hook_id));
	hooks_jsonb_push(state, WJB_BEGIN_OBJECT, NULL);
	if (some_columns)
		hooks_payload_add_json(state, "columns", column_names(hook));
	if (some_rows)
		hooks_payload_add_json(state, "rows",
							   hooks_jsonraw_end(&share->places, false));
	hooks_jsonb_push(state, WJB_END_OBJECT, NULL);
}

/*
 * 54000 if the event could be written, but is too large for one jsonb, which
 * the callback gets: an update has two arrays of rows.
 */
static void
check_size(const HookLogEntry *entry)
{
	Size		size = MAX_NAMES;

	if (entry->old_rows != NULL)
		size += VARSIZE(entry->old_rows);
	if (entry->new_rows != NULL)
		size += VARSIZE(entry->new_rows);
	if (entry->metadata != NULL)
		size += VARSIZE(entry->metadata);
	if (size > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("event of %s on %s is too large for jsonb",
						entry->action, entry->relation_name),
				 errdetail("It has %zu bytes; the maximum is %d.", size,
						   JENTRY_OFFLENMASK),
				 errhint("Leave large columns out with \"payload\".")));
}

static void
begin_chunk(LogChunk *chunk)
{
	MemoryContext old = MemoryContextSwitchTo(chunk->context);
	ListCell   *lc;

	chunk->begun = true;
	chunk->rows = 0;
	memset(&chunk->old_rows, 0, sizeof(HookJsonRaw));
	memset(&chunk->new_rows, 0, sizeof(HookJsonRaw));
	foreach(lc, chunk->source->hooks)
	{
		HookLogShare *share = lfirst(lc);

		share->count = 0;
		if (share->chosen != NULL)
			hooks_jsonraw_begin(&share->places);
	}
	MemoryContextSwitchTo(old);
}

/*
 * Writes the chunk.
 */
static void
end_chunk(LogChunk *chunk, HookFiring *firing)
{
	MemoryContext old = MemoryContextSwitchTo(chunk->context);
	List	   *hooks = chunk->source->hooks;
	JsonbInState selections = {0};
	HookLogEntry entry;
	ListCell   *lc;

	if (chunk->entry.action == NULL)
	{
		MemoryContextSwitchTo(old);
		describe_statement(&chunk->entry, chunk->source, firing);
		MemoryContextSwitchTo(chunk->context);
	}
	entry = chunk->entry;
	entry.hook_ids = palloc(sizeof(int64) * list_length(hooks));
	foreach(lc, hooks)
	{
		HookLogShare *share = lfirst(lc);

		if (share->count == 0)
			continue;
		entry.hook_ids[entry.nhooks++] = hook_of(share)->hook_id;
		add_selection(&selections, chunk, share);
		hooks_worker_wanted(hook_of(share)->owner);
	}
	if (selections.parseState != NULL)
		entry.selections = hooks_payload_end(&selections);
	if (chunk->old_rows.used > 0)
		entry.old_rows = hooks_jsonraw_end(&chunk->old_rows, false);
	if (chunk->new_rows.used > 0)
		entry.new_rows = hooks_jsonraw_end(&chunk->new_rows, false);
	check_size(&entry);
	hooks_log_append(&entry);
	MemoryContextSwitchTo(old);
	MemoryContextReset(chunk->context);
	chunk->begun = false;
}

/*
 * Notes which hooks want the row; false if none does.
 */
static bool
note_wanted(LogChunk *chunk, int64 number)
{
	bool		wanted = false;
	ListCell   *lc;

	foreach(lc, chunk->source->hooks)
	{
		HookLogShare *share = lfirst(lc);

		if (share->chosen != NULL &&
			(share->chosen[number / BITS_PER_BYTE] &
			 (1 << (number % BITS_PER_BYTE))) == 0)
			continue;
		wanted = true;
		share->count++;
		if (share->chosen != NULL)
			hooks_jsonraw_add_integer(&share->places, chunk->rows);
	}
	return wanted;
}

static void
add_row(LogChunk *chunk, HookJsonRaw *rows, TupleTableSlot *slot)
{
	MemoryContext old;
	Jsonb	   *row;

	if (slot == NULL)
		return;
	old = MemoryContextSwitchTo(chunk->context);
	if (rows->entries == NULL)
		hooks_jsonraw_begin(rows);
	MemoryContextSwitchTo(chunk->row_context);
	row = hooks_rowjson_make(chunk->source->json, slot);
	MemoryContextSwitchTo(old);
	hooks_jsonraw_add_json(rows, row);
	MemoryContextReset(chunk->row_context);
}

static bool
is_full(const LogChunk *chunk)
{
	return chunk->rows >= hooks_delivery_rows ||
		chunk->old_rows.data.len > MAX_CHUNK ||
		chunk->new_rows.data.len > MAX_CHUNK;
}

/*
 * Writes the rows of a statement that the hooks want.  firing is of one of
 * these, and tells what the event has of the statement.
 */
void
hooks_log_chunk_write(const HookLogSource *source, HookFiring *firing)
{
	LogChunk	chunk = {source};
	HookBatchReader rows;

	chunk.context = AllocSetContextCreate(CurrentMemoryContext,
										  "hooks log chunk",
										  ALLOCSET_DEFAULT_SIZES);
	chunk.row_context = AllocSetContextCreate(CurrentMemoryContext,
											  "hooks log row",
											  ALLOCSET_DEFAULT_SIZES);
	hooks_batch_reader_begin(&rows, source->batch, source->target);
	hooks_rowjson_enter(source->json);
	while (hooks_batch_reader_next(&rows))
	{
		if (chunk.begun && is_full(&chunk))
		{
			hooks_rowjson_leave(source->json);
			end_chunk(&chunk, firing);
			hooks_rowjson_enter(source->json);
		}
		if (!chunk.begun)
			begin_chunk(&chunk);
		if (!note_wanted(&chunk, rows.number))
			continue;
		add_row(&chunk, &chunk.old_rows, rows.old);
		add_row(&chunk, &chunk.new_rows, rows.new);
		chunk.rows++;
	}
	hooks_rowjson_leave(source->json);
	hooks_batch_reader_end(&rows);
	if (chunk.begun && chunk.rows > 0)
		end_chunk(&chunk, firing);
	MemoryContextDelete(chunk.row_context);
	MemoryContextDelete(chunk.context);
}
