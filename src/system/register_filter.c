/*
 * register_filter.c
 *		The SQL API that makes row filters: hooks.register_filter().
 *
 * A filter is a restrictive policy (registry/filter.c).  What is made here is
 * made by commands that the caller could give, as the caller.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_policy.h"
#include "commands/policy.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/argument.h"
#include "base/compat.h"
#include "base/depend.h"
#include "base/expression.h"
#include "base/place.h"
#include "registry/arguments.h"
#include "registry/checks.h"
#include "registry/filter.h"
#include "registry/lock.h"
#include "registry/registry.h"
#include "registry/scope.h"
#include "system/gaps.h"

/* a filter's name and the prefix are an identifier together */
#define MAX_NAME (NAMEDATALEN - 1 - (int) strlen(HOOKS_FILTER_PREFIX))

/* the permissive policy: without filters, all rows are visible */
#define ALL_ROWS "hooks_all_rows"

/*
 * Locks the table, as the commands will: 42P01 if it is not there, 42809 if it
 * can have no filter, 42501 if the caller does not own it.
 */
static Relation
open_filtered(Oid relid)
{
	const char *problem;
	Relation	rel;

	if (!hooks_scope_allows(relid, HOOK_INSERT, &problem) && problem == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (problem == NULL && get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE)
		problem = "It is a foreign table.";
	if (problem != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot register a filter on \"%s\"",
						get_rel_name(relid)),
				 errdetail_internal("%s", problem)));
	if (!hooks_class_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relid));
	rel = try_relation_open(relid, AccessExclusiveLock);
	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	return rel;
}

/*
 * Parses the expression as CREATE POLICY will do it: 42601 for more than one,
 * and the parser's other errors.
 */
static Node *
transform(Relation rel, const char *given)
{
	ParseState *pstate = make_parsestate(NULL);
	Node	   *raw = hooks_expression_parse(given, "expression of a filter");
	ParseNamespaceItem *nsitem =
		addRangeTableEntryForRelation(pstate, rel, AccessShareLock, NULL,
									  false, false);
	Node	   *expression;

	addNSItemToQuery(pstate, nsitem, false, true, true);
	expression = transformWhereClause(pstate, raw, EXPR_KIND_POLICY, "USING");
	assign_expr_collations(pstate, expression);
	free_parsestate(pstate);
	return expression;
}

/*
 * 42P17 for a filter that shows nobody anything: one that is false for every
 * row, or on a table that has no policy to be restricted.
 */
static void
refuse_lockout(const char *name, Relation rel, Node *expression, bool enable)
{
	Node	   *value = eval_const_expressions(NULL, copyObject(expression));

	if (IsA(value, Const) && (((Const *) value)->constisnull ||
							  !DatumGetBool(((Const *) value)->constvalue)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("filter \"%s\" would show no row to anybody", name),
				 errhint("To keep roles from a table, REVOKE their privileges.")));
	if (enable)
		return;
	if (!rel->rd_rel->relrowsecurity)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("row-level security of table \"%s\" is not enabled",
						RelationGetRelationName(rel)),
				 errdetail("A filter would do nothing."),
				 errhint("Pass enable => true, which also makes a policy that shows all rows, for filters to restrict.")));
	if (!hooks_filter_has_permissive(RelationGetRelid(rel)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("table \"%s\" has no permissive policy",
						RelationGetRelationName(rel)),
				 errdetail("Row-level security shows its rows to nobody, and a filter takes away still more."),
				 errhint("CREATE POLICY ... USING (true), or pass enable => true, which does that.")));
}

static void
run_as_caller(const char *command)
{
	if (SPI_execute(command, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not execute \"%s\"", command);
}

/*
 * Enables row-level security, with a permissive policy for filters to
 * restrict.
 */
static void
enable_security(Oid relid)
{
	char	   *table = hooks_place_quoted(relid);

	if (!hooks_filter_has_permissive(relid))
		run_as_caller(psprintf("CREATE POLICY " ALL_ROWS " ON %s USING (true)",
							   table));
	if (!hooks_filter_is_on(relid))
		run_as_caller(psprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY", table));
}

/*
 * Do the filters of a table do something, and hide not all?
 */
static bool
is_in_force(Oid relid)
{
	return hooks_filter_is_on(relid) && hooks_filter_has_permissive(relid);
}

static bool
is_same_filter(const HookFilter *filter, Oid relid, Node *expression)
{
	return filter->relation == relid && equal(filter->expression, expression);
}

PG_FUNCTION_INFO_V1(hooks_register_filter);

/*
 * hooks.register_filter(name text, relation regclass, using_expression text,
 *		enable boolean, replace boolean) returns boolean
 *
 * Makes a restrictive policy, so that only rows for which the expression is
 * true are seen, changed and written.  True: it was made, or put in force;
 * false: this very filter was there.  A NOTICE tells for whom and where it
 * does not apply.
 *
 * Errors: 22004; 22023 name; 42P01, 42809, 42501 table; 42601 and the
 * parser's others; 42P17 if nobody would see anything; 42710 a taken name.
 */
Datum
hooks_register_filter(PG_FUNCTION_ARGS)
{
	char	   *name = hooks_arguments_name(fcinfo, 0, "filter", MAX_NAME);
	char	   *given = hooks_argument_text(fcinfo, 2);
	Oid			relid;
	Relation	rel;
	Node	   *expression;
	List	   *filters;
	ListCell   *lc;
	bool		enable;
	bool		replace;
	bool		same;

	hooks_argument_require(fcinfo, 1);
	hooks_argument_require(fcinfo, 3);
	hooks_argument_require(fcinfo, 4);
	enable = PG_GETARG_BOOL(3);
	replace = PG_GETARG_BOOL(4);
	PreventCommandIfReadOnly("hooks.register_filter()");
	hooks_arguments_check_size("expression", strlen(given), HOOKS_MAX_LONG);
	hooks_lock_registry();
	(void) hooks_lock_hook(name, true);
	relid = PG_GETARG_OID(1);
	rel = open_filtered(relid);
	expression = transform(rel, given);
	refuse_lockout(name, rel, expression, enable);

	/* locked, but not open: ALTER TABLE asks for that */
	relation_close(rel, NoLock);

	if (hooks_registry_find(name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("hook \"%s\" already exists", name),
				 errhint("Hooks and filters have different names.")));
	hooks_checks_refuse_name(name);
	filters = hooks_filter_named(name);
	same = list_length(filters) == 1 &&
		is_same_filter(linitial(filters), relid, expression);
	if (same && (!enable || is_in_force(relid)))
	{
		hooks_lock_release(name);
		PG_RETURN_BOOL(false);
	}
	if (filters != NIL && !same)
	{
		if (!replace)
			hooks_filter_refuse_name(name);
		(void) hooks_filter_remove(name);
		if (hooks_filter_named(name) != NIL)
			hooks_filter_refuse_name(name);
	}

	SPI_connect();
	if (enable)
		enable_security(relid);
	if (!same)
		run_as_caller(psprintf("CREATE POLICY %s ON %s AS RESTRICTIVE USING (%s\n)",
							   hooks_filter_policy(name),
							   hooks_place_quoted(relid), given));
	SPI_finish();
	hooks_depend_refuse_temporary(PolicyRelationId,
								  get_relation_policy_oid(relid,
														  psprintf(HOOKS_FILTER_PREFIX "%s", name),
														  false),
								  "filter", name);
	foreach(lc, hooks_gaps_find(relid))
	{
		ereport(NOTICE, (errmsg("%s", (char *) lfirst(lc))));
	}
	PG_RETURN_BOOL(true);
}
