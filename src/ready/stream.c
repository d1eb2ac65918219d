/*
 * stream.c
 *		hooks.stream(): the event as messages of logical decoding, which take
 *		it to other machines in the order of commits.
 *
 * A message is transactional: it is decoded with the transaction, if that
 * commits.  A statement with many rows has many messages, so that neither we
 * nor whoever decodes them needs memory for all of its rows.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "replication/message.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/settings.h"
#include "ready/changes.h"
#include "ready/ready.h"

/* a message ends when the text of its rows has so many bytes */
#define MESSAGE_BYTES (1024 * 1024)

/* The messages of one firing */
typedef struct Stream
{
	const char *prefix;
	char	   *head;			/* what all have */
	int			number;			/* of the current message */
	int			rows;			/* in it */
	StringInfoData old;
	StringInfoData new;
	StringInfoData message;
} Stream;

/*
 * Writes the current message.
 */
static void
write_message(Stream *stream, bool more)
{
	StringInfo	message = &stream->message;

	resetStringInfo(message);
	appendStringInfo(message, "%s, \"chunk\": %d, \"more\": %s", stream->head,
					 ++stream->number, more ? "true" : "false");
	if (stream->old.len > 0)
		appendStringInfo(message, ", \"old\": [%s]", stream->old.data);
	if (stream->new.len > 0)
		appendStringInfo(message, ", \"new\": [%s]", stream->new.data);
	appendStringInfoCharMacro(message, '}');
	(void) hooks_log_logical_message(stream->prefix, message->data,
									 message->len);
	resetStringInfo(&stream->old);
	resetStringInfo(&stream->new);
	stream->rows = 0;
}

static void
stream_row(StringInfo rows, HookRowJson *rowjson, TupleTableSlot *slot)
{
	if (slot != NULL)
		hooks_ready_add_row(rows, hooks_rowjson_make(rowjson, slot));
}

/*
 * Writes all changes.
 */
static void
write_changes(Stream *stream, HookChanges *changes, HookRowJson *rowjson)
{
	MemoryContext row_cxt = AllocSetContextCreate(CurrentMemoryContext,
												  "hooks streamed row",
												  ALLOCSET_DEFAULT_SIZES);
	int64		done = 0;

	while (hooks_changes_next(changes))
	{
		MemoryContext old = MemoryContextSwitchTo(row_cxt);

		CHECK_FOR_INTERRUPTS();
		hooks_rowjson_enter(rowjson);
		stream_row(&stream->old, rowjson, changes->old);
		stream_row(&stream->new, rowjson, changes->new);
		hooks_rowjson_leave(rowjson);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_cxt);
		done++;
		if (++stream->rows == hooks_delivery_rows ||
			stream->old.len + stream->new.len >= MESSAGE_BYTES)
			write_message(stream, done < changes->count);
	}
	if (stream->rows > 0)
		write_message(stream, false);
	MemoryContextDelete(row_cxt);
}

PG_FUNCTION_INFO_V1(hooks_stream);

/*
 * hooks.stream() returns trigger
 *
 * In a firing of phase after: writes the event to the WAL, for logical
 * decoding.  Arguments of the hook: the prefix of the messages, "hooks" if
 * there is none, and columns to leave out.  39P01 if it is called elsewhere.
 */
Datum
hooks_stream(PG_FUNCTION_ARGS)
{
	HookFiring *firing = hooks_ready_begin(fcinfo, "stream");
	const char *prefix = hooks_ready_argument(fcinfo);
	HookChanges changes;
	Stream		stream = {0};

	stream.prefix = prefix != NULL ? prefix : "hooks";
	hooks_changes_begin(&changes, firing->trigdata);
	if (changes.count > 0 || firing->subject->event->action == HOOK_TRUNCATE)
	{
		stream.head =
			hooks_ready_head(firing, hooks_ready_tells_statement(firing, 1));
		initStringInfo(&stream.old);
		initStringInfo(&stream.new);
		initStringInfo(&stream.message);
		if (changes.count > 0)
			write_changes(&stream, &changes, hooks_ready_rowjson(fcinfo, 1));
		else
			write_message(&stream, false);
	}
	hooks_changes_end(&changes);
	return PointerGetDatum(NULL);
}
