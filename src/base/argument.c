/*
 * argument.c
 *		The arguments of an SQL function.
 *
 * Messages call an argument by the name that the install script gives it.
 */
#include "postgres.h"

#include "catalog/pg_proc.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "base/argument.h"

/*
 * The name of the n-th input argument, from 0; its number if it has none.
 */
const char *
hooks_argument_name(FunctionCallInfo fcinfo, int n)
{
	Oid			function = fcinfo->flinfo->fn_oid;
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		nonames;
	bool		nomodes;
	Datum		names;
	Datum		modes;
	char	  **found;
	int			nfound;

	Assert(n < PG_NARGS());
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u",
			 fcinfo->flinfo->fn_oid);
	names =
		SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proargnames, &nonames);
	modes =
		SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proargmodes, &nomodes);
	nfound = nonames ? 0 :
		get_func_input_arg_names(names, nomodes ? (Datum) 0 : modes, &found);
	ReleaseSysCache(tuple);
	return n < nfound && found[n] != NULL ? found[n] : psprintf("%d", n + 1);
}

/*
 * 22004 if an argument is NULL.
 */
void
hooks_argument_require(FunctionCallInfo fcinfo, int n)
{
	Assert(n < PG_NARGS());
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null",
						hooks_argument_name(fcinfo, n))));
}

/*
 * A text argument; 22004 if it is NULL.
 */
char *
hooks_argument_text(FunctionCallInfo fcinfo, int n)
{
	hooks_argument_require(fcinfo, n);
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/*
 * The same; NULL if it is NULL.
 */
char *
hooks_argument_optional_text(FunctionCallInfo fcinfo, int n)
{
	Assert(n < PG_NARGS());
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}
