/*
 * body.c
 *		The body of a definition: what a hook is, as a query.
 *
 * definition.c shows one.  A body that somebody wrote by hand need not be one
 * that we would write.  It is read with care: what cannot be understood is no
 * error, but damage of the hook.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "rewrite/prs2lock.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "base/own.h"
#include "registry/body.h"
#include "registry/callback.h"
#include "registry/condition.h"
#include "registry/definition.h"
#include "registry/hook.h"
#include "registry/parsed.h"

static Node *
make_constant(Oid type, int length, bool by_value, Oid collation, Datum value)
{
	return (Node *) makeConst(type, -1, collation, length, value, false,
							  by_value);
}

static List *
add_target(List *targets, const char *name, Node *value)
{
	return lappend(targets, makeTargetEntry((Expr *) value,
											list_length(targets) + 1,
											pstrdup(name), false));
}

static List *
add_word(List *targets, const char *name, const char *word)
{
	if (word == NULL)
		return targets;
	return add_target(targets, name,
					  make_constant(TEXTOID, -1, false, DEFAULT_COLLATION_OID,
									CStringGetTextDatum(word)));
}

static List *
add_words(List *targets, const char *name, ArrayType *words)
{
	if (ARR_NDIM(words) == 0)
		return targets;
	return add_target(targets, name,
					  make_constant(TEXTARRAYOID, -1, false,
									DEFAULT_COLLATION_OID,
									PointerGetDatum(words)));
}

static List *
add_integer(List *targets, const char *name, int32 value)
{
	return add_target(targets, name,
					  make_constant(INT4OID, sizeof(int32), true, InvalidOid,
									Int32GetDatum(value)));
}

/*
 * callback() IS NULL, or callback(NULL::jsonb) IS NULL
 */
static Node *
make_call(const Hook *hook)
{
	Oid			type = get_func_rettype(hook->callback);
	List	   *arguments = NIL;
	NullTest   *test = makeNode(NullTest);

	if (hooks_word_takes_jsonb(hook->phase, hook->actions))
		arguments = list_make1(makeNullConst(JSONBOID, -1, InvalidOid));
	test->arg = (Expr *) makeFuncExpr(hook->callback, type, arguments,
									  get_typcollation(type), InvalidOid,
									  COERCE_EXPLICIT_CALL);
	test->nulltesttype = IS_NULL;
	test->argisrow = type_is_rowtype(type);
	test->location = -1;
	return (Node *) test;
}

/*
 * ROW(new.a, new.b)
 */
static Node *
make_columns(List *columns, Relation rel)
{
	RowExpr    *row = makeNode(RowExpr);
	ListCell   *lc;

	foreach(lc, columns)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel),
											  lfirst_int(lc) - 1);

		row->args = lappend(row->args,
							makeVar(PRS2_NEW_VARNO, att->attnum, att->atttypid,
									att->atttypmod, att->attcollation, 0));
		row->colnames = lappend(row->colnames,
								makeString(psprintf("f%d",
													list_length(row->args))));
	}
	row->row_typeid = RECORDOID;
	row->row_format = COERCE_EXPLICIT_CALL;
	row->location = -1;
	return (Node *) row;
}

static List *
make_targets(const Hook *hook, Relation rel)
{
	List	   *targets = NIL;

	targets = add_word(targets, "phase", hooks_word_of_phase(hook->phase));
	targets =
		add_word(targets, "action", hooks_word_action_list(hook->actions));
	targets = add_target(targets, "callback", make_call(hook));
	targets = add_word(targets, "level", hooks_word_of_level(hook->level));
	if (hook->condition != NULL)
		targets = add_target(targets, "condition", hook->condition);
	if (hook->columns != NIL)
		targets = add_target(targets, "columns",
							 make_columns(hook->columns, rel));
	targets = add_words(targets, "arguments", hook->arguments);
	targets =
		add_word(targets, "on_error", hooks_word_of_policy(hook->policy));
	if (hook->timeout != NULL)
		targets = add_target(targets, "timeout",
							 make_constant(INTERVALOID, sizeof(Interval),
										   false,
										   InvalidOid,
										   IntervalPGetDatum(hook->timeout)));
	if (hook->max_attempts != 0)
		targets = add_integer(targets, "max_attempts", hook->max_attempts);
	targets = add_integer(targets, "priority", hook->priority);
	targets = add_words(targets, "run_after", hook->run_after);
	targets =
		add_word(targets, "run_as", hooks_word_of_run_as(hook->run_as));
	targets = add_word(targets, "fire", hooks_word_of_fire(hook->fire));
	if (hook->activation == HOOK_ACTIVE_OPT_IN)
		targets = add_word(targets, "activation", "opt_in");
	if (OidIsValid(hook->schema))
		targets = add_target(targets, "schema",
							 make_constant(REGNAMESPACEOID, sizeof(Oid), true,
										   InvalidOid,
										   ObjectIdGetDatum(hook->schema)));
	targets = add_word(targets, "package", hook->package);
	targets = add_word(targets, "description", hook->description);
	if (hook->payload != NIL)
		targets = add_target(targets, "payload",
							 make_columns(hook->payload, rel));
	targets = add_word(targets, "search_path", hook->search_path);
	return add_target(targets, "hook_id",
					  make_constant(INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
									InvalidOid, Int64GetDatum(hook->hook_id)));
}

/*
 * SELECT ... FROM relation old, relation new WHERE hooks.definition()
 */
Query *
hooks_body_make(const Hook *hook)
{
	ParseState *pstate = make_parsestate(NULL);
	Query	   *query = makeNode(Query);
	Relation	rel = NULL;
	List	   *from = NIL;

	if (OidIsValid(hook->relation))
	{
		static const char *const names[] = {"old", "new"};

		rel = table_open(hook->relation, AccessShareLock);
		for (int i = 0; i < lengthof(names); i++)
		{
			RangeTblRef *ref = makeNode(RangeTblRef);

			(void) addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
												 makeAlias(names[i], NIL),
												 true, true);
			ref->rtindex = i + 1;
			from = lappend(from, ref);
		}
	}
	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->rtable = pstate->p_rtable;
	hooks_query_set_permissions(query, pstate);
	query->targetList = make_targets(hook, rel);
	query->jointree = makeFromExpr(from, (Node *)
								   makeFuncExpr(hooks_own_function("definition", 0),
												BOOLOID, NIL, InvalidOid,
												InvalidOid,
												COERCE_EXPLICIT_CALL));
	if (rel != NULL)
		table_close(rel, NoLock);
	free_parsestate(pstate);
	return query;
}

/* A body that is being read */
typedef struct Reading
{
	List	   *targets;
	const char *damage;			/* what is wrong with it, NULL if nothing is */
} Reading;

static Node *
find_target(const Reading *reading, const char *name)
{
	ListCell   *lc;

	foreach(lc, reading->targets)
	{
		TargetEntry *target = lfirst_node(TargetEntry, lc);

		if (target->resname != NULL && strcmp(target->resname, name) == 0)
			return (Node *) target->expr;
	}
	return NULL;
}

/*
 * The constant of a name, NULL if there is none.
 */
static Const *
read_constant(Reading *reading, const char *name, Oid type)
{
	Const	   *constant = (Const *) find_target(reading, name);

	if (constant == NULL)
		return NULL;
	if (IsA(constant, Const) && constant->consttype == type &&
		!constant->constisnull)
		return constant;
	reading->damage = psprintf("its \"%s\" is not a constant of type %s", name,
							   format_type_be(type));
	return NULL;
}

static char *
read_word(Reading *reading, const char *name)
{
	Const	   *constant = read_constant(reading, name, TEXTOID);

	return constant == NULL ? NULL : TextDatumGetCString(constant->constvalue);
}

/*
 * A word that must be there.
 */
static char *
read_needed(Reading *reading, const char *name)
{
	char	   *word = read_word(reading, name);

	if (word == NULL && reading->damage == NULL)
		reading->damage = psprintf("it has no \"%s\"", name);
	return word;
}

/*
 * An array without nulls; an empty one where there is none.
 */
static ArrayType *
read_words(Reading *reading, const char *name)
{
	Const	   *constant = read_constant(reading, name, TEXTARRAYOID);
	ArrayType  *words;

	if (constant == NULL)
		return construct_empty_array(TEXTOID);
	words = DatumGetArrayTypePCopy(constant->constvalue);
	if (ARR_NDIM(words) > 1 || array_contains_nulls(words))
		reading->damage = psprintf("its \"%s\" is not a list of words", name);
	return words;
}

static int32
read_integer(Reading *reading, const char *name)
{
	Const	   *constant = read_constant(reading, name, INT4OID);

	return constant == NULL ? 0 : DatumGetInt32(constant->constvalue);
}

/*
 * Columns, as attribute numbers.
 */
static List *
read_columns(Reading *reading, const char *name)
{
	RowExpr    *row = (RowExpr *) find_target(reading, name);
	List	   *columns = NIL;
	ListCell   *lc;

	if (row == NULL)
		return NIL;
	if (!IsA(row, RowExpr))
	{
		reading->damage = psprintf("its \"%s\" is not a row", name);
		return NIL;
	}
	foreach(lc, row->args)
	{
		Var		   *var = lfirst(lc);

		if (!IsA(var, Var) || var->varattno <= 0 || var->varlevelsup != 0)
			reading->damage = psprintf("its \"%s\" has more than columns",
									   name);
		else
			columns = lappend_int(columns, var->varattno);
	}
	return columns;
}

static Oid
read_callback(Reading *reading, bool takes_jsonb)
{
	NullTest   *test = (NullTest *) find_target(reading, "callback");
	FuncExpr   *call = test != NULL && IsA(test, NullTest) ?
		(FuncExpr *) test->arg : NULL;

	if (call != NULL && IsA(call, FuncExpr) &&
		hooks_callback_problem(call->funcid, takes_jsonb) == NULL)
		return call->funcid;
	reading->damage = "its \"callback\" is not a call of a callback";
	return InvalidOid;
}

/*
 * The relation that a query is from, as OLD and as NEW; InvalidOid if it is
 * from none.
 */
static Oid
read_relation(Reading *reading, const Query *query)
{
	static const char *const names[] = {"old", "new"};
	Oid			relid = InvalidOid;
	ListCell   *lc;

	if (query->rtable == NIL)
		return InvalidOid;
	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
		int			i = foreach_current_index(lc);

		if (i >= lengthof(names) || rte->rtekind != RTE_RELATION ||
			strcmp(rte->eref->aliasname, names[i]) != 0 ||
			(i > 0 && rte->relid != relid))
			reading->damage = "it is not from one table as OLD and NEW";
		relid = rte->relid;
	}
	if (list_length(query->rtable) != lengthof(names))
		reading->damage = "it is not from one table as OLD and NEW";
	return relid;
}

/*
 * What goes together in a hook, as arguments.c has it.
 */
static void
check_hook(Reading *reading, const Hook *hook)
{
	List	   *schemas;
	const char *why;

	if (!hooks_event_makes_sense(hook->phase, hook->level, hook->actions,
								 hook->columns != NIL) ||
		!hooks_event_allows_policy(hook->phase, hook->policy))
		reading->damage = "its words do not go together";
	else if (OidIsValid(hook->relation) && OidIsValid(hook->schema))
		reading->damage = "it is for a table and for a schema";
	else if (hook->phase == HOOK_STARTUP &&
			 (OidIsValid(hook->relation) || OidIsValid(hook->schema)))
		reading->damage = "it fires on startup, and is for a table or schema";
	else if (!SplitIdentifierString(pstrdup(hook->search_path), ',', &schemas))
		reading->damage = "its \"search_path\" is none";
	else if (hooks_condition_missing_row(hook, hook->condition, NULL, &why) !=
			 NULL)
		reading->damage =
			"its \"condition\" refers to a row that it does not have";
}

/*
 * What the words of a definition say.
 */
static void
read_words_into(Reading *reading, Hook *hook)
{
	char	   *phase = read_needed(reading, "phase");
	char	   *action = read_needed(reading, "action");
	char	   *level = read_word(reading, "level");
	char	   *policy = read_needed(reading, "on_error");
	char	   *run_as = read_needed(reading, "run_as");
	char	   *fire = read_needed(reading, "fire");
	char	   *activation = read_word(reading, "activation");
	const char *unknown;
	Const	   *constant;

	hook->arguments = read_words(reading, "arguments");
	hook->run_after = read_words(reading, "run_after");
	hook->max_attempts = read_integer(reading, "max_attempts");
	hook->priority = read_integer(reading, "priority");
	hook->package = read_word(reading, "package");
	hook->description = read_word(reading, "description");
	hook->search_path = read_needed(reading, "search_path");
	hook->columns = read_columns(reading, "columns");
	hook->payload = read_columns(reading, "payload");
	hook->condition = find_target(reading, "condition");
	if (hook->condition != NULL && exprType(hook->condition) != BOOLOID)
		reading->damage = "its \"condition\" is not boolean";
	if ((constant = read_constant(reading, "timeout", INTERVALOID)) != NULL)
		hook->timeout = DatumGetIntervalP(constant->constvalue);
	if ((constant = read_constant(reading, "schema", REGNAMESPACEOID)) != NULL)
		hook->schema = DatumGetObjectId(constant->constvalue);
	if ((constant = read_constant(reading, "hook_id", INT8OID)) != NULL)
		hook->hook_id = DatumGetInt64(constant->constvalue);
	if (reading->damage != NULL)
		return;
	unknown = hooks_word_unknown(phase, action, level, policy, run_as,
								 fire);
	if (unknown != NULL)
	{
		reading->damage = psprintf("its %s is none", unknown);
		return;
	}
	if (activation != NULL && strcmp(activation, "opt_in") != 0)
	{
		reading->damage = "its activation is none";
		return;
	}
	hook->activation = activation == NULL ? HOOK_ACTIVE_ALWAYS :
		HOOK_ACTIVE_OPT_IN;
	hook->phase = hooks_word_parse_phase(phase);
	hook->actions = hooks_word_parse_actions(action);
	hook->level = level == NULL ? HOOK_NO_LEVEL :
		hooks_word_parse_level(level);
	hook->policy = hooks_word_parse_policy(policy);
	hook->run_as = hooks_word_parse_run_as(run_as);
	hook->fire = hooks_word_parse_fire(fire);
	hook->callback = read_callback(reading,
								   hooks_word_takes_jsonb(hook->phase,
														  hook->actions));
	if (reading->damage == NULL)
		check_hook(reading, hook);
}

/*
 * Is there nothing in a query but expressions over its rows, and a condition?
 */
static bool
is_plain(const Query *query)
{
	return !query->hasAggs && !query->hasWindowFuncs &&
		!query->hasTargetSRFs &&
		!query->hasSubLinks && query->cteList == NIL &&
		query->groupClause == NIL && query->groupingSets == NIL &&
		query->setOperations == NULL;
}

/*
 * The one query of a body in BEGIN ATOMIC ... END; NULL if it is anything
 * else.
 */
static Query *
query_of(HeapTuple function)
{
	Node	   *body = hooks_parsed_body(function);

	for (int i = 0; i < 2; i++)
	{
		if (body == NULL || !IsA(body, List) ||
			list_length((List *) body) != 1)
			return NULL;
		body = linitial((List *) body);
	}
	return body != NULL && IsA(body, Query) &&
		((Query *) body)->commandType == CMD_SELECT ? (Query *) body : NULL;
}

/*
 * What a definition tells of its hook, palloc'd; hook->damage says what is
 * wrong with it, if anything.  NULL if the function is gone.
 */
Hook *
hooks_body_read(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	Hook	   *hook;
	Reading		reading = {0};
	Query	   *query;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	hook = hooks_hook_make();
	form = (Form_pg_proc) GETSTRUCT(tuple);
	hook->definition = function;
	hook->name = pstrdup(NameStr(form->proname));
	hook->owner = form->proowner;
	query = form->prolang == SQLlanguageId && form->pronargs == 0 &&
		form->prokind == PROKIND_FUNCTION ? query_of(tuple) : NULL;
	ReleaseSysCache(tuple);

	if (query == NULL)
		reading.damage = "it is not a single SELECT in BEGIN ATOMIC ... END";
	else if (!is_plain(query))
		reading.damage = "it has more than expressions over OLD and NEW";
	else
	{
		reading.targets = query->targetList;
		hook->relation = read_relation(&reading, query);
		read_words_into(&reading, hook);
	}
	if (reading.damage != NULL)
		hook->damage = psprintf("its definition cannot be read: %s",
								reading.damage);
	return hook;
}
