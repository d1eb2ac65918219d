/*
 * cancel.c
 *		The SQL API with which a callback vetoes: hooks.cancel().
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/argument.h"
#include "base/settings.h"
#include "firing/context.h"
#include "registry/arguments.h"

PG_FUNCTION_INFO_V1(hooks_cancel);

/*
 * hooks.cancel(reason text, detail text, hint text) returns void
 *
 * Raises KH001 with the reason as its message; in a firing, with its table and
 * foreign key.
 */
Datum
hooks_cancel(PG_FUNCTION_ARGS)
{
	char	   *reason = hooks_argument_text(fcinfo, 0);
	char	   *detail = hooks_argument_optional_text(fcinfo, 1);
	char	   *hint = hooks_argument_optional_text(fcinfo, 2);

	hooks_vetoing = hooks_firing;
	ereport(ERROR,
			(errcode(ERRCODE_HOOK_CANCELED),
			 errmsg_internal("%s", reason),
			 detail ? errdetail_internal("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0,
			 hooks_firing ? hooks_context_place(hooks_firing) : 0));
	PG_RETURN_VOID();
}
