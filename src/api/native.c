/*
 * native.c
 *		Callbacks in C that other extensions have: hooks.native().
 *
 * They are in a list that begins in a rendezvous variable, into which each
 * library puts its own when it is loaded (hooks_api.h); here it is only read.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"

#include "api/hooks_api.h"
#include "api/native.h"
#include "base/settings.h"
#include "firing/context.h"
#include "registry/event.h"

static bool
get_firing(HookApiFiring *firing)
{
	const HookSubject *subject;

	if (hooks_firing == NULL)
		return false;
	subject = hooks_firing->subject;
	firing->hook = subject->hook;
	firing->phase = hooks_word_of_phase(subject->event->phase);
	firing->action = hooks_context_action_word(subject);
	firing->relation = subject->relation;
	firing->caller = hooks_firing->caller;
	firing->depth = hooks_firing->depth;
	return true;
}

static void
cancel(const char *reason)
{
	hooks_vetoing = hooks_firing;
	ereport(ERROR,
			(errcode(ERRCODE_HOOK_CANCELED),
			 errmsg_internal("%s", reason),
			 hooks_firing ? hooks_context_place(hooks_firing) : 0));
}

static const HookApi functions = {HOOKS_API_VERSION, get_firing, cancel};

void
hooks_native_init(void)
{
	*find_rendezvous_variable(HOOKS_API_FUNCTIONS) = unconstify(HookApi *,
																&functions);
}

/*
 * The callback of a name; 55000 if no library has one, of this version.
 */
static const HookApiCallback *
find_native(const char *name)
{
	const HookApiCallback *callback =
		*find_rendezvous_variable(HOOKS_API_CALLBACKS);

	/* of a callback of another version, only this field is known */
	for (; callback != NULL; callback = callback->next)
	{
		if (callback->version != HOOKS_API_VERSION)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("a library has callbacks of version %d of hooks_api.h, the extension hooks has version %d",
							callback->version, HOOKS_API_VERSION),
					 errhint("Compile the library for this version of hooks.")));
		if (strcmp(callback->name, name) == 0)
			return callback;
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("no library that is loaded has a callback \"%s\"", name),
			 errhint("Load the library that has it, as by session_preload_libraries.")));
	return NULL;				/* keep compiler quiet */
}

PG_FUNCTION_INFO_V1(hooks_native);

/*
 * hooks.native() returns trigger
 *
 * Calls the callback that the first argument names.  39P01, 22023, 55000, and
 * what that raises.
 */
Datum
hooks_native(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const HookApiCallback *callback = fcinfo->flinfo->fn_extra;

	if (!CALLED_AS_TRIGGER(fcinfo) || hooks_firing == NULL ||
		hooks_firing->trigdata != trigdata)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function hooks.native() was not called by a hook")));
	if (callback == NULL)
	{
		if (trigdata->tg_trigger->tgnargs == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("hooks.native needs the name of a callback as its argument")));
		callback = find_native(trigdata->tg_trigger->tgargs[0]);
		fcinfo->flinfo->fn_extra = unconstify(HookApiCallback *, callback);
	}
	return PointerGetDatum(callback->function(trigdata, callback->arg));
}
