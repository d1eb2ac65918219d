/*
 * checks.c
 *		Checks that somebody has registered, for hooks.check().
 *
 * A check is a function of its name in the schema hooks_check:
 *
 *		SELECT severity::text, object::text, message::text, hint::text
 *		  FROM app.callback() AS c(severity, object, message, hint)
 *
 * in the SQL-standard form, with the registrar as its owner, the search_path
 * of that moment and the package as its comment.  Temporary objects come last
 * in the path, as who calls all checks may have made some.  So it is dumped,
 * follows renames and keeps its callback from being dropped, as the definition
 * of a hook does (definition.c).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "miscadmin.h"
#include "parser/analyze.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/depend.h"
#include "base/own.h"
#include "registry/callback.h"
#include "registry/checks.h"
#include "registry/definition.h"
#include "registry/hook.h"
#include "registry/lock.h"

/*
 * The function that a check calls.
 */
static Oid
find_callback(Oid function)
{
	Oid			callback = InvalidOid;
	ListCell   *lc;

	foreach(lc, hooks_depend_needs(ProcedureRelationId, function))
	{
		const ObjectAddress *object = lfirst(lc);

		/* a cast to text can be another one */
		if (object->classId == ProcedureRelationId &&
			get_func_retset(object->objectId))
			callback = object->objectId;
	}
	return callback;
}

/*
 * The check that a function is.
 */
static HookCheck *
read_check(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	HookCheck  *check;
	Datum		settings;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	check = palloc0(sizeof(HookCheck));
	check->name = pstrdup(NameStr(form->proname));
	check->function = function;
	check->owner = form->proowner;
	check->callback = find_callback(function);
	check->package = GetComment(function, ProcedureRelationId, 0);
	settings = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proconfig,
							   &isnull);
	if (!isnull)
	{
		int			n;
		char	  **strings =
			hooks_hook_strings(DatumGetArrayTypePCopy(settings), &n);

		for (int i = 0; i < n; i++)
			if (strncmp(strings[i], "search_path=", 12) == 0)
				check->search_path = strings[i] + 12;
	}
	ReleaseSysCache(tuple);
	return check;
}

static int
compare_checks(const ListCell *a, const ListCell *b)
{
	return strcmp(((const HookCheck *) lfirst(a))->name,
				  ((const HookCheck *) lfirst(b))->name);
}

/*
 * Is a function a check?
 */
bool
hooks_checks_is_one(Oid function)
{
	Oid			schema = get_func_namespace(function);

	return OidIsValid(schema) &&
		schema == hooks_own_find_schema(HOOKS_CHECKS) &&
		get_func_nargs(function) == 0;
}

/*
 * All checks, or those of a package, by name.
 */
List *
hooks_checks_all(const char *package)
{
	Oid			schema = hooks_own_find_schema(HOOKS_CHECKS);
	List	   *checks = NIL;
	ListCell   *lc;

	if (!OidIsValid(schema))
		return NIL;
	foreach(lc, hooks_depend_list(NamespaceRelationId, schema))
	{
		const ObjectAddress *object = lfirst(lc);
		HookCheck  *check;

		CHECK_FOR_INTERRUPTS();
		if (object->classId != ProcedureRelationId ||
			!hooks_checks_is_one(object->objectId))
			continue;
		check = read_check(object->objectId);
		if (check != NULL &&
			(package == NULL || (check->package != NULL &&
								 strcmp(check->package, package) == 0)))
			checks = lappend(checks, check);
	}
	list_sort(checks, compare_checks);
	return checks;
}

/*
 * The check of a name, NULL if there is none.
 */
HookCheck *
hooks_checks_find(const char *name)
{
	Oid			none[1];
	Oid			schema = hooks_own_find_schema(HOOKS_CHECKS);
	Oid			function;

	if (!OidIsValid(schema))
		return NULL;
	function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
							   CStringGetDatum(name),
							   PointerGetDatum(buildoidvector(none, 0)),
							   ObjectIdGetDatum(schema));
	return OidIsValid(function) ? read_check(function) : NULL;
}

/*
 * 42710 if a name is a check's.
 */
void
hooks_checks_refuse_name(const char *name)
{
	if (hooks_checks_find(name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("check \"%s\" already exists", name),
				 errhint("Hooks, filters and checks do not have the same name.")));
}

/*
 * The body of a check's function.
 */
static Node *
make_body(Oid callback)
{
	char	   *source =
		psprintf("SELECT c.severity::pg_catalog.text, c.object::pg_catalog.text, "
				 "c.message::pg_catalog.text, c.hint::pg_catalog.text "
				 "FROM %s AS c(severity, object, message, hint)",
				 hooks_callback_text(callback));
	List	   *parsed = pg_parse_query(source);
	Query	   *query =
		parse_analyze_fixedparams(linitial_node(RawStmt, parsed), source, NULL,
								  0, NULL);

	return (Node *) list_make1(list_make1(query));
}

/*
 * Creates the function of a check, of which all else is known; the callback
 * has the right shape.
 */
void
hooks_checks_create(HookCheck *check)
{
	ArrayType  *settings =
		GUCArrayAdd(NULL, "search_path", check->search_path);

	check->function =
		ProcedureCreate(check->name, hooks_own_schema(HOOKS_CHECKS), false,
						true, RECORDOID, check->owner, SQLlanguageId,
						InvalidOid, "", NULL, make_body(check->callback),
						PROKIND_FUNCTION, false, false, false,
						PROVOLATILE_VOLATILE, PROPARALLEL_UNSAFE,
						buildoidvector(NULL, 0), (Datum) 0, (Datum) 0,
						(Datum) 0, NIL, HOOKS_NO_TRANSFORMS,
						PointerGetDatum(settings), InvalidOid, 1,
						10).objectId;
	if (check->package != NULL)
		CreateComments(check->function, ProcedureRelationId, 0,
					   check->package);
	CommandCounterIncrement();
	hooks_depend_refuse_temporary(ProcedureRelationId, check->function,
								  "check", check->name);
}

/*
 * Whether the current user may change or remove a check: its owner, and
 * superusers.
 */
bool
hooks_checks_may_change(const HookCheck *check)
{
	return superuser() || has_privs_of_role(GetUserId(), check->owner);
}

/*
 * The check of a name, NULL if there is none; 42501 if it is somebody else's.
 */
static HookCheck *
find_to_change(const char *name)
{
	HookCheck  *check = hooks_checks_find(name);

	if (check != NULL && !hooks_checks_may_change(check))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of check \"%s\"", name)));
	return check;
}

/*
 * Removes a check, under the lock of its name; false if there is none, 42501
 * if it is somebody else's.
 */
bool
hooks_checks_remove(const char *name)
{
	HookCheck  *check;

	if (find_to_change(name) == NULL)
		return false;
	(void) hooks_lock_hook(name, true);
	check = find_to_change(name);
	if (check == NULL)
	{
		hooks_lock_release_name(name);
		return false;
	}
	hooks_definition_drop(check->function);
	return true;
}
