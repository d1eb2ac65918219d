/*
 * rate_limit.c
 *		hooks.rate_limit(): a ready callback that refuses what comes too often.
 *
 * Each call takes a token out of a bucket (buckets.c), or raises KH001.  At
 * level "statement" that is one for each statement, at level "row" one for
 * each row.  It counts calls of a hook, whatever becomes of the statement: who
 * tries and fails has tried.
 */
#include "postgres.h"

#include <math.h>

#include "commands/trigger.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "base/buckets.h"
#include "base/settings.h"
#include "firing/context.h"
#include "firing/context_event.h"
#include "registry/hook.h"
#include "registry/rate.h"

/* Whose call it is: for the bucket, and for people */
typedef struct RateSubject
{
	uint64		hash;
	const char *description;
} RateSubject;

/*
 * The firing that calls us; 39P01 if it is none of phase before.
 */
static HookFiring *
begin_rate_limit(FunctionCallInfo fcinfo, const TriggerData *trigdata)
{
	if (hooks_firing == NULL || hooks_firing->trigdata != trigdata ||
		hooks_firing->subject->event->phase != HOOK_BEFORE ||
		hooks_firing->subject->definition->callback !=
		fcinfo->flinfo->fn_oid)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function hooks.rate_limit() was not called by a hook in phase before"),
				 errhint("Register it as hooks.register(name, 'before', action, relation, 'hooks.rate_limit', level => 'statement', arguments => '{100, 1 minute}').")));
	return hooks_firing;
}

/*
 * The arguments of the hook, which are read once for all calls of a statement.
 */
static const HookRate *
rate_of(FunctionCallInfo fcinfo, const Hook *hook)
{
	HookRate   *rate = fcinfo->flinfo->fn_extra;
	MemoryContext old;
	char	  **arguments;
	int			n;

	if (rate != NULL)
		return rate;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	rate = palloc(sizeof(HookRate));
	arguments = hooks_hook_strings(hook->arguments, &n);
	hooks_rate_read(rate, arguments, n);
	hooks_rate_need_buckets();
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = rate;
	return rate;
}

static uint64
hash_text(const char *string)
{
	return string == NULL ? 0 :
		hash_bytes_extended((const unsigned char *) string, strlen(string), 1);
}

/*
 * The address of the client; NULL if it came through a socket in the file
 * system.  palloc'd.
 */
static char *
client_address(void)
{
	LOCAL_FCINFO(fcinfo, 0);
	Datum		address;

	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
	address = inet_client_addr(fcinfo);
	return fcinfo->isnull ? NULL :
		DatumGetCString(DirectFunctionCall1(inet_out, address));
}

/*
 * A value of the metadata; NULL if it has none.
 */
static char *
metadata_value(const char *key)
{
	Jsonb	   *metadata = hooks_settings_metadata();

	return metadata == NULL || !JB_ROOT_IS_OBJECT(metadata) ? NULL :
		hooks_context_event_text(metadata, key);
}

/*
 * Whose call it is.  Of a caller who is not known the role that the session
 * has set stands in.
 */
static RateSubject
find_subject(const HookRate *rate, const HookFiring *firing, bool describe)
{
	RateSubject subject = {0, NULL};
	Oid			caller;
	char	   *value;

	switch (rate->scope)
	{
		case HOOK_RATE_OF_CALLER:
			caller = OidIsValid(firing->caller) ? firing->caller :
				GetOuterUserId();
			subject.hash = caller;
			if (describe)
				subject.description =
					psprintf("role \"%s\"", GetUserNameFromId(caller, true));
			break;
		case HOOK_RATE_OF_ADDRESS:
			value = client_address();
			subject.hash = hash_text(value);
			if (describe)
				subject.description = value == NULL ? "all local clients" :
					psprintf("clients at %s", value);
			break;
		case HOOK_RATE_OF_METADATA:
			value = metadata_value(rate->key);
			subject.hash = hash_text(value);
			if (describe)
				subject.description = value == NULL ?
					psprintf("all without metadata \"%s\"", rate->key) :
					psprintf("metadata \"%s\" = \"%s\"", rate->key, value);
			break;
	}
	return subject;
}

/*
 * In how many seconds or milliseconds to try again, rounded up.
 */
static const char *
time_to_wait(double seconds)
{
	return seconds < 1 ? psprintf("%.0f ms", ceil(seconds * 1000)) :
		psprintf("%.0f s", ceil(seconds));
}

/*
 * KH001 if the hook is called too often.
 */
static void
take_token(FunctionCallInfo fcinfo, HookFiring *firing)
{
	const Hook *hook = firing->subject->definition;
	const HookRate *rate = rate_of(fcinfo, hook);
	RateSubject subject = find_subject(rate, firing, false);
	double		wait;

	wait = hooks_buckets_take(hook->definition, hook->owner, subject.hash,
							  rate->limit, rate->limit / rate->seconds);
	if (likely(wait == 0))
		return;
	hooks_vetoing = firing;
	subject = find_subject(rate, firing, true);
	ereport(ERROR,
			(errcode(ERRCODE_HOOK_CANCELED),
			 errmsg("rate limit of hook \"%s\" is exceeded", hook->name),
			 errdetail("It lets pass %d in %s of %s.", rate->limit,
					   rate->interval, subject.description),
			 errhint("Try again in %s.", time_to_wait(wait)),
			 hooks_context_place(firing)));
}

PG_FUNCTION_INFO_V1(hooks_rate_limit);

/*
 * hooks.rate_limit() returns trigger
 *
 * Takes a token, and lets the statement or row pass as it is.  KH001 if there
 * is none; 55000 if sessions share no memory, as the library is not preloaded;
 * 39P01 if no hook of phase before calls it.
 */
Datum
hooks_rate_limit(PG_FUNCTION_ARGS)
{
	const TriggerData *trigdata = CALLED_AS_TRIGGER(fcinfo) ?
		(TriggerData *) fcinfo->context : NULL;

	take_token(fcinfo, begin_rate_limit(fcinfo, trigdata));
	if (!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		return PointerGetDatum(NULL);
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
						   trigdata->tg_newtuple : trigdata->tg_trigtuple);
}

PG_FUNCTION_INFO_V1(hooks_rate_limit_event);

/*
 * hooks.rate_limit(event jsonb) returns void
 *
 * The same for actions whose callbacks take the event.
 */
Datum
hooks_rate_limit_event(PG_FUNCTION_ARGS)
{
	take_token(fcinfo, begin_rate_limit(fcinfo, NULL));
	PG_RETURN_VOID();
}
