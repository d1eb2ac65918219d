/*
 * notify.c
 *		hooks.notify(): the event for sessions that LISTEN.
 *
 * A notification has room for less than 8000 bytes.  An event that does not
 * fit has the number of rows, and the primary keys of as many as fit.
 *
 * Every role may LISTEN to every channel.  So the text of the statement, which
 * can contain any value, is never sent.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/xact.h"
#include "commands/async.h"
#include "utils/json.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "firing/payload.h"
#include "ready/changes.h"
#include "ready/ready.h"

/* what NOTIFY takes, without the zero at its end */
#define PAYLOAD_BYTES 7999

/*
 * Adds rows to the text of arrays until there are more bytes than fit.
 * Returns whether all did.
 */
static bool
add_rows(const TriggerData *trigdata, HookRowJson *rowjson, StringInfo old,
		 StringInfo new, int room)
{
	HookChanges changes;
	bool		fits = true;

	hooks_changes_begin(&changes, trigdata);
	while (fits && hooks_changes_next(&changes))
	{
		hooks_rowjson_enter(rowjson);
		if (changes.old != NULL)
			hooks_ready_add_row(old, hooks_rowjson_make(rowjson, changes.old));
		if (changes.new != NULL)
			hooks_ready_add_row(new, hooks_rowjson_make(rowjson, changes.new));
		hooks_rowjson_leave(rowjson);
		fits = old->len + new->len <= room;
	}
	hooks_changes_end(&changes);
	return fits;
}

/*
 * The event with all of its rows; NULL if it does not fit.
 */
static char *
make_whole(FunctionCallInfo fcinfo, HookFiring *firing)
{
	StringInfoData out;
	StringInfoData old;
	StringInfoData new;

	initStringInfo(&out);
	initStringInfo(&old);
	initStringInfo(&new);
	appendStringInfoString(&out, hooks_ready_head(firing, false));
	if (!add_rows(firing->trigdata, hooks_ready_rowjson(fcinfo, 1), &old, &new,
				  PAYLOAD_BYTES - out.len))
		return NULL;
	if (old.len > 0)
		appendStringInfo(&out, ", \"old\": [%s]", old.data);
	if (new.len > 0)
		appendStringInfo(&out, ", \"new\": [%s]", new.data);
	appendStringInfoCharMacro(&out, '}');
	return out.len <= PAYLOAD_BYTES ? out.data : NULL;
}

/*
 * The attribute numbers of the primary key; NULL if there is none.
 */
static Bitmapset *
primary_key(Relation rel)
{
	Bitmapset  *key =
		RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_PRIMARY_KEY);
	Bitmapset  *columns = NULL;
	int			x = -1;

	while ((x = bms_next_member(key, x)) >= 0)
		columns = bms_add_member(columns,
								 x + FirstLowInvalidHeapAttributeNumber);
	return columns;
}

/*
 * Adds the keys of the changed rows, as they are now, as far as they fit.
 */
static void
add_keys(StringInfo out, const TriggerData *trigdata)
{
	Bitmapset  *key = primary_key(trigdata->tg_relation);
	HookRowJson *rowjson;
	HookChanges changes;
	StringInfoData keys;
	int			fitting = 0;

	if (key == NULL)
		return;
	initStringInfo(&keys);
	rowjson = hooks_rowjson_begin(trigdata->tg_relation, key);
	hooks_changes_begin(&changes, trigdata);
	while (hooks_changes_next(&changes))
	{
		hooks_rowjson_enter(rowjson);
		hooks_ready_add_row(&keys,
							hooks_rowjson_make(rowjson, changes.new != NULL ?
											   changes.new : changes.old));
		hooks_rowjson_leave(rowjson);
		if (out->len + strlen(", \"keys\": []}") + keys.len > PAYLOAD_BYTES)
			break;
		fitting = keys.len;
	}
	hooks_changes_end(&changes);
	keys.data[fitting] = '\0';
	appendStringInfo(out, ", \"keys\": [%s]", keys.data);
}

static void
add_member(StringInfo out, const char *key, const char *value)
{
	appendStringInfo(out, ", \"%s\": ", key);
	escape_json(out, value);
}

/*
 * The event without its rows.
 */
static char *
make_truncated(HookFiring *firing)
{
	const HookSubject *subject = firing->subject;
	StringInfoData out;
	HookChanges changes;

	hooks_changes_begin(&changes, firing->trigdata);
	initStringInfo(&out);
	appendStringInfo(&out, "{\"truncated\": true, \"rows\": " INT64_FORMAT,
					 changes.count);
	add_member(&out, "hook", subject->hook);
	add_member(&out, "action", hooks_context_action_word(subject));
	add_member(&out, "relation", hooks_payload_relation(subject->relation));
	add_member(&out, "transaction_id",
			   psprintf(UINT64_FORMAT,
						U64FromFullTransactionId(GetTopFullTransactionId())));
	hooks_changes_end(&changes);
	add_keys(&out, firing->trigdata);
	appendStringInfoCharMacro(&out, '}');
	return out.data;
}

PG_FUNCTION_INFO_V1(hooks_notify);

/*
 * hooks.notify() returns trigger
 *
 * In a firing of phase after: notifies of the event when the transaction
 * commits.  Arguments of the hook: the channel, the hook's name if there is
 * none, and columns to leave out.  39P01 if it is called elsewhere.
 */
Datum
hooks_notify(PG_FUNCTION_ARGS)
{
	HookFiring *firing = hooks_ready_begin(fcinfo, "notify");
	const char *channel = hooks_ready_argument(fcinfo);
	HookChanges changes;
	char	   *payload;
	int64		count;

	hooks_changes_begin(&changes, firing->trigdata);
	count = changes.count;
	hooks_changes_end(&changes);
	if (count == 0 && firing->subject->event->action != HOOK_TRUNCATE)
		return PointerGetDatum(NULL);
	payload = make_whole(fcinfo, firing);
	if (payload == NULL)
		payload = make_truncated(firing);
	Async_Notify(channel != NULL ? channel : firing->subject->hook, payload);
	return PointerGetDatum(NULL);
}
