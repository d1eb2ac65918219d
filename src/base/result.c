/*
 * result.c
 *		The rows that an SQL function returns.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/result.h"

/*
 * Makes the function's result a tuplestore, for it to fill with rows of the
 * descriptor.  Errors are those of InitMaterializedSRF().
 */
Tuplestorestate *
hooks_result_begin(FunctionCallInfo fcinfo, TupleDesc *desc)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	*desc = result->setDesc;
	return result->setResult;
}

/*
 * A string as a text, NULL as NULL.
 */
Datum
hooks_result_text(const char *string, bool *isnull)
{
	*isnull = string == NULL;
	return *isnull ? (Datum) 0 : CStringGetTextDatum(string);
}

/*
 * The same as a name.
 */
Datum
hooks_result_name(const char *string, bool *isnull)
{
	*isnull = string == NULL;
	return *isnull ? (Datum) 0 :
		DirectFunctionCall1(namein, CStringGetDatum(string));
}

/*
 * The table whose row type an argument has; 42809, with how to call the
 * function, if there is none.
 */
Oid
hooks_result_table(FunctionCallInfo fcinfo, int argument, const char *usage)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, argument);
	Oid			relid = OidIsValid(type) ? get_typ_typrelid(type) : InvalidOid;
	char		kind = OidIsValid(relid) ? get_rel_relkind(relid) : '\0';

	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s is not the row type of a table",
						OidIsValid(type) ? format_type_be(type) :
						"the argument"),
				 errhint("Call it as %s.", usage)));
	return relid;
}
