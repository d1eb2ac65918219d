/*
 * failed.c
 *		Tells on_failure hooks of failed statements.
 *
 * Each failure is taken out of the ring before the callback is called, in a
 * transaction of its own, so it is told at most once.  A hook that by then is
 * dropped, disabled or of another owner is not told.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "base/attempt.h"
#include "base/compat.h"
#include "base/duty.h"
#include "base/place.h"
#include "base/ring.h"
#include "base/settings.h"
#include "firing/payload.h"
#include "firing/stats.h"
#include "outbox/deliver.h"
#include "outbox/failed.h"
#include "outbox/service.h"
#include "registry/registry.h"
#include "registry/scope.h"

/* so many in a row, then other hooks have their turn */
#define PORTION_FAILURES 100

/*
 * The hook that is to be told; NULL if it is not in force any more.
 */
static Hook *
hook_to_tell(const HookFailed *failed)
{
	Hook	   *hook = hooks_registry_by_definition(failed->definition);

	if (hook == NULL || hook->damage != NULL || !hook->enabled ||
		hook->phase != HOOK_ON_FAILURE || hook->owner != failed->owner ||
		hooks_scope_forbids(hook) != NULL)
		return NULL;
	return hook;
}

/*
 * The event, as the callback gets it.
 */
static Jsonb *
failed_event(const HookFailed *failed, const Hook *hook)
{
	JsonbInState state = {0};
	JsonbValue	caught = {0};
	char	   *relation = get_rel_name(failed->relation);
	Oid			schema = get_rel_namespace(failed->relation);
	Datum		failed_at = TimestampTzGetDatum(failed->failed_at);
	int			utc = 0;
	Datum		metadata = (Datum) 0;

	if (failed->metadata[0] != '\0')
		metadata = DirectFunctionCall1(jsonb_in,
									   CStringGetDatum(failed->metadata));
	if (relation != NULL && OidIsValid(schema))
		relation = hooks_place_name(get_namespace_name(schema), relation);
	hooks_jsonb_push(&state, WJB_BEGIN_OBJECT, NULL);
	hooks_payload_add(&state, "hook", hook->name);
	hooks_payload_add(&state, "phase", hooks_word_of_phase(hook->phase));
	hooks_payload_add(&state, "action",
					  hooks_word_of_action((HookAction) failed->action));
	hooks_payload_add(&state, "relation", relation);
	hooks_payload_add(&state, "caller",
					  GetUserNameFromId(failed->caller, true));
	hooks_payload_add(&state, "session_user",
					  GetUserNameFromId(failed->session_user, true));
	hooks_payload_add(&state, "statement", failed->statement);
	hooks_payload_add(&state, "transaction_id",
					  failed->transaction == 0 ? NULL :
					  psprintf(UINT64_FORMAT, failed->transaction));
	hooks_payload_add(&state, "fired_at",
					  JsonEncodeDateTime(NULL, failed_at, TIMESTAMPTZOID,
										 &utc));
	hooks_payload_add_json(&state, "metadata",
						   metadata == 0 ? NULL : DatumGetJsonbP(metadata));
	hooks_payload_add(&state, "sqlstate",
					  unpack_sql_state(failed->sqlerrcode));
	hooks_payload_add(&state, "message", failed->message);
	hooks_payload_add(&state, "detail",
					  failed->has_detail ? failed->detail : NULL);
	hooks_payload_add(&state, "hint", failed->has_hint ? failed->hint : NULL);
	hooks_payload_key(&state, "caught");
	caught.type = jbvBool;
	caught.val.boolean = failed->caught;
	hooks_jsonb_push(&state, WJB_VALUE, &caught);
	hooks_jsonb_push(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(state.result);
}

static void
tell_failed(const HookFailed *failed)
{
	Hook	   *hook;

	hooks_service_begin();
	hook = hook_to_tell(failed);
	if (hook != NULL)
	{
		HookReceiver *receiver = palloc(sizeof(HookReceiver));
		HookDelivery delivery;

		hooks_deliver_prepare(receiver, hook);
		/* no delivery of the log has a number below 0 */
		delivery.id = -(int64) failed->number;
		delivery.event = failed_event(failed, hook);
		delivery.end = HOOK_END_WRITTEN;
		hooks_deliver_describe(&delivery);
		/* lost, if this ends the worker */
		hooks_stats_begin(receiver->member.tally);
		hooks_stats_count_bypass(receiver->member.tally);
		(void) hooks_deliver(receiver, &delivery);
		receiver->member.tally->counters.bypassed--;
	}
	hooks_service_end();
}

/*
 * The same.  An error outside of the callback, such as at commit, is only
 * logged, so that other failures are still told.
 */
static void
try_to_tell(const HookFailed *failed)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		tell_failed(failed);
	}
	PG_CATCH();
	{
		hooks_attempt_give_up();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
}

/*
 * Tells the hooks of an owner of what has failed; false if nothing has.
 */
bool
hooks_failed_serve(Oid owner)
{
	HookFailed	failed;
	int			n = 0;

	while (n < PORTION_FAILURES && hooks_ring_take(owner, &failed))
	{
		CHECK_FOR_INTERRUPTS();
		pgstat_report_activity(STATE_RUNNING, "telling of failed statements");
		try_to_tell(&failed);
		n++;
	}
	if (n > 0)
		hooks_duty_end();
	return n > 0;
}
