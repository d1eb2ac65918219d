/*
 * arguments.c
 *		The arguments of hooks.register(), as they were given.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"

#include "base/argument.h"
#include "registry/arguments.h"
#include "utils/array.h"
#include "utils/timestamp.h"

/* arguments of hooks.register(), as in the install script */
enum
{
	ARG_NAME,
	ARG_PHASE,
	ARG_ACTION,
	ARG_RELATION,
	ARG_CALLBACK,
	ARG_LEVEL,
	ARG_CONDITION,
	ARG_COLUMNS,
	ARG_ARGUMENTS,
	ARG_ON_ERROR,
	ARG_TIMEOUT,
	ARG_MAX_ATTEMPTS,
	ARG_PRIORITY,
	ARG_RUN_AFTER,
	ARG_RUN_AS,
	ARG_FIRE,
	ARG_SCHEMA,
	ARG_PACKAGE,
	ARG_DESCRIPTION,
	ARG_REPLACE,
	ARG_ACTIVATION,
	ARG_PAYLOAD,
	N_ARGS
};

/* the same of shorter ones */
#define MAX_DESCRIPTION		(16 * 1024)

/*
 * 22023 for more than that.
 */
void
hooks_arguments_check_size(const char *what, size_t size, size_t limit)
{
	if (size > limit)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("size of a hook's %s exceeds the limit", what),
				 errdetail("It has %zu bytes; the limit is %zu.", size,
						   limit)));
}

/*
 * A text argument that is kept, NULL if it is NULL.  It is measured before it
 * is fetched: 22023 if it is too long.
 */
static char *
kept_text_arg(FunctionCallInfo fcinfo, int arg, size_t limit)
{
	size_t		size = PG_ARGISNULL(arg) ? 0 :
		toast_raw_datum_size(PG_GETARG_DATUM(arg)) - VARHDRSZ;

	if (size > limit)
		hooks_arguments_check_size(hooks_argument_name(fcinfo, arg), size,
								   limit);
	return hooks_argument_optional_text(fcinfo, arg);
}

/*
 * An array argument without NULLs, of one dimension; NULL if it is empty and
 * not required.
 */
static ArrayType *
array_arg(FunctionCallInfo fcinfo, int arg, bool required)
{
	ArrayType  *array;

	if (required)
		hooks_argument_require(fcinfo, arg);
	else if (PG_ARGISNULL(arg))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P_COPY(arg);
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not contain nulls",
						hooks_argument_name(fcinfo, arg))));
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be a one-dimensional array",
						hooks_argument_name(fcinfo, arg))));
	return ARR_NDIM(array) == 0 && !required ? NULL : array;
}

/*
 * The name of a hook, or what else: 1 to limit bytes, 22023.
 */
char *
hooks_arguments_name(FunctionCallInfo fcinfo, int arg, const char *what,
					 int limit)
{
	char	   *name = hooks_argument_text(fcinfo, arg);

	if (name[0] == '\0' || strlen(name) > limit)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid %s name: \"%.*s\"", what,
						pg_mbcliplen(name, strlen(name), NAMEDATALEN - 1),
						name),
				 errdetail("A %s name has 1 to %d bytes; this one has %zu.",
						   what, limit, strlen(name))));
	return name;
}

/*
 * The arguments of a call; 22004 for a NULL where none may be.
 */
void
hooks_arguments_get(FunctionCallInfo fcinfo, HookArguments *given)
{
	Assert(PG_NARGS() == N_ARGS);
	memset(given, 0, sizeof(HookArguments));
	given->name = hooks_arguments_name(fcinfo, ARG_NAME, "hook",
									   NAMEDATALEN - 1);
	given->phase = hooks_argument_text(fcinfo, ARG_PHASE);
	given->action = hooks_argument_text(fcinfo, ARG_ACTION);
	given->relation = PG_ARGISNULL(ARG_RELATION) ? InvalidOid :
		PG_GETARG_OID(ARG_RELATION);
	given->wide = PG_ARGISNULL(ARG_RELATION);
	given->callback = hooks_argument_text(fcinfo, ARG_CALLBACK);
	given->level = hooks_argument_optional_text(fcinfo, ARG_LEVEL);
	given->condition = kept_text_arg(fcinfo, ARG_CONDITION, HOOKS_MAX_LONG);
	given->columns = array_arg(fcinfo, ARG_COLUMNS, false);
	given->arguments = array_arg(fcinfo, ARG_ARGUMENTS, true);
	if (ArrayGetNItems(ARR_NDIM(given->arguments),
					   ARR_DIMS(given->arguments)) > PG_INT16_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ARGUMENTS),
				 errmsg("cannot pass more than %d arguments to a trigger function",
						PG_INT16_MAX)));
	hooks_arguments_check_size("arguments", VARSIZE(given->arguments),
							   HOOKS_MAX_LONG);
	given->on_error = hooks_argument_optional_text(fcinfo, ARG_ON_ERROR);
	if (!PG_ARGISNULL(ARG_TIMEOUT))
		given->timeout = PG_GETARG_INTERVAL_P(ARG_TIMEOUT);
	if (!PG_ARGISNULL(ARG_MAX_ATTEMPTS))
	{
		given->max_attempts = PG_GETARG_INT32(ARG_MAX_ATTEMPTS);
		if (given->max_attempts < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("max_attempts of a hook must be greater than zero")));
	}
	hooks_argument_require(fcinfo, ARG_PRIORITY);
	given->priority = PG_GETARG_INT32(ARG_PRIORITY);
	given->run_after = array_arg(fcinfo, ARG_RUN_AFTER, true);
	hooks_arguments_check_size("run_after", VARSIZE(given->run_after),
							   HOOKS_MAX_LONG);
	given->run_as = hooks_argument_text(fcinfo, ARG_RUN_AS);
	given->fire = hooks_argument_text(fcinfo, ARG_FIRE);
	if (!PG_ARGISNULL(ARG_SCHEMA))
		given->schema = pstrdup(NameStr(*PG_GETARG_NAME(ARG_SCHEMA)));
	given->package = kept_text_arg(fcinfo, ARG_PACKAGE, HOOKS_MAX_PACKAGE);
	given->description =
		kept_text_arg(fcinfo, ARG_DESCRIPTION, MAX_DESCRIPTION);
	hooks_argument_require(fcinfo, ARG_REPLACE);
	given->replace = PG_GETARG_BOOL(ARG_REPLACE);
	given->activation = hooks_argument_text(fcinfo, ARG_ACTIVATION);
	given->payload = array_arg(fcinfo, ARG_PAYLOAD, false);
}
