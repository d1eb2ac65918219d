/*
 * callback.c
 *		From the text of a callback to a function and back.
 *
 * The registry keeps the qualified signature, app.f(), which survives a dump;
 * the chains keep the OID, through which the callback is called.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/pg_list.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "callback.h"
#include "compat.h"

#define TRIGGER_SHAPE \
	"A callback for this phase and action is a trigger function: " \
	"CREATE FUNCTION name() RETURNS trigger ..."

/*
 * The parts of a function's name, as String nodes; NIL if it is not a name.
 * An argument list in parentheses at the end is cut off; *no_arguments tells
 * whether it was empty or not there.
 */
static List *
callback_names(const char *text, bool *no_arguments)
{
	char	   *copy = pstrdup(text);
	bool		quoted = false;
	List	   *parts;
	List	   *names = NIL;
	ListCell   *lc;

	*no_arguments = true;
	for (char *p = copy; *p != '\0'; p++)
	{
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '(' && !quoted)
		{
			const char *rest = p + 1 + strspn(p + 1, " \t\n");

			*no_arguments = *rest == ')' &&
				rest[1 + strspn(rest + 1, " \t\n")] == '\0';
			*p = '\0';
			break;
		}
	}

	if (!SplitIdentifierString(copy, '.', &parts) ||
		parts == NIL || list_length(parts) > 3)
		return NIL;
	foreach(lc, parts)
		names = lappend(names, makeString(pstrdup(lfirst(lc))));
	return names;
}

/*
 * Is the name taken, but by nothing that a trigger could call?
 */
static bool
has_wrong_shape(List *names)
{
	FuncCandidateList candidate = hooks_function_candidates(names);

	if (candidate == NULL)
		return false;
	for (; candidate != NULL; candidate = candidate->next)
		if (candidate->nargs == 0 &&
			get_func_prokind(candidate->oid) == PROKIND_FUNCTION)
			return false;
	return true;
}

/*
 * The trigger function that a user's text names: qualified or on the
 * search_path, with "()" or without.
 *
 * 42883 if there is no function of that name, 42P17 if it cannot be a
 * callback; the schema's privileges are checked as in any look-up.
 */
Oid
hooks_callback_lookup(const char *text)
{
	bool		no_arguments;
	List	   *names = callback_names(text, &no_arguments);
	Oid			function = InvalidOid;
	HeapTuple	tuple;
	Form_pg_proc form;
	bool		ours;

	if (names != NIL && no_arguments)
		function = LookupFuncName(names, 0, NULL, true);
	if (!OidIsValid(function) && names != NIL && has_wrong_shape(names))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("function \"%s\" cannot be the callback of this hook", text),
				 errdetail("It takes arguments, or is a procedure."),
				 errhint(TRIGGER_SHAPE)));
	if (!OidIsValid(function))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("callback function \"%s\" does not exist", text),
				 errhint("A callback is named as in CREATE TRIGGER ... EXECUTE FUNCTION: qualified, or on the search_path.")));

	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (form->prorettype != TRIGGEROID || form->prokind != PROKIND_FUNCTION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("function \"%s\" cannot be the callback of this hook", text),
				 form->prokind != PROKIND_FUNCTION ?
				 errdetail("It is not an ordinary function.") :
				 errdetail("It returns type %s instead of trigger.",
						   format_type_be(form->prorettype)),
				 errhint(TRIGGER_SHAPE)));
	if (isAnyTempNamespace(form->pronamespace))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("function \"%s\" cannot be the callback of this hook", text),
				 errdetail("It is temporary, and the hook would outlive it.")));
	ours = strcmp(NameStr(form->proname), "dispatch") == 0 &&
		form->pronamespace == get_namespace_oid("hooks", true);
	ReleaseSysCache(tuple);
	if (ours)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("function \"%s\" cannot be the callback of this hook", text),
				 errdetail("It is the function that calls the callbacks.")));
	return function;
}

/*
 * The function of a signature in the registry, InvalidOid if it is gone.
 * Checks no privileges: that is done when the callback is called, for the role
 * that it runs as.
 */
Oid
hooks_callback_resolve(const char *signature)
{
	bool		no_arguments;
	List	   *names = callback_names(signature, &no_arguments);
	oidvector  *arguments = buildoidvector(NULL, 0);
	Oid			schema;

	if (list_length(names) != 2)
		return InvalidOid;
	schema = get_namespace_oid(strVal(linitial(names)), true);
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
						   CStringGetDatum(strVal(lsecond(names))),
						   PointerGetDatum(arguments),
						   ObjectIdGetDatum(schema));
}

/*
 * The signature under which the registry keeps a callback.  palloc'd.
 */
char *
hooks_callback_signature(Oid function)
{
	return format_procedure_qualified(function);
}

static Oid
owner_of(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * The owners of functions, as regrole[].
 */
ArrayType *
hooks_callback_owners(List *functions)
{
	List	   *owners = NIL;
	Datum	   *elements;
	int			n = 0;
	ListCell   *lc;

	foreach(lc, functions)
		owners = list_append_unique_oid(owners, owner_of(lfirst_oid(lc)));
	elements = palloc(sizeof(Datum) * (list_length(owners) + 1));
	foreach(lc, owners)
		elements[n++] = ObjectIdGetDatum(lfirst_oid(lc));
	return construct_array(elements, n, REGROLEOID, sizeof(Oid), true,
						   TYPALIGN_INT);
}

/*
 * Refuses (42501) a function that belongs to none of those who owned the hook's
 * functions when it was registered.  The registry knows functions by name; a
 * name that got free must not become a way to run code as the hook's owner.
 */
void
hooks_callback_check_owner(Oid function, const Hook *hook)
{
	Oid			owner = owner_of(function);
	Oid		   *owners = (Oid *) ARR_DATA_PTR(hook->function_owners);
	int			n = ArrayGetNItems(ARR_NDIM(hook->function_owners),
								   ARR_DIMS(hook->function_owners));

	for (int i = 0; i < n; i++)
		if (owners[i] == owner)
			return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("function %s of hook \"%s\" belongs to another role than when the hook was registered",
					hooks_callback_signature(function), hook->name),
			 errhint("Register the hook again with replace => true, if that is meant.")));
}
