/*
 * definition.c
 *		The function in hooks_definition that holds what a hook refers to.
 *
 * Each hook has a function of its name in the schema hooks_definition, which is
 * never called.  Its owner is the hook's, and its body a query of the
 * SQL-standard form:
 *
 *		SELECT 'before_cascade' AS phase, ..., app.guard() IS NULL AS callback,
 *			   (old.vendor = 'acme') AS condition, ROW(new.id) AS columns
 *		  FROM app.systems old, app.systems new
 *		 WHERE hooks.definition()
 *
 * PostgreSQL keeps such a body as a tree in which everything is known by its OID,
 * with an entry in pg_depend for whatever is in it.  So names may change, what the
 * hook uses is not dropped without CASCADE, and the hook is dumped, restored and
 * given to another role as any function is, all of that without our help.
 * hooks.definition() throws, should somebody call the function.
 *
 * One entry in pg_depend is ours: a definition goes with its table (or, of a wide
 * hook, its schema) without CASCADE.
 *
 * A body that somebody wrote by hand need not be one that we would write.  It is
 * read with care: what cannot be understood is no error, but damage of the hook.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "rewrite/prs2lock.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "base/own.h"
#include "registry/callback.h"
#include "registry/condition.h"
#include "registry/definition.h"

/*
 * Definitions that this session has created while it loads a dump, which brings
 * their triggers when the data is there; in TopMemoryContext.  An abort leaves
 * OIDs of nothing.
 */
static List *loading = NIL;

/*
 * Is a function a definition?
 */
bool
hooks_definition_is_one(Oid function)
{
	Oid			schema = get_func_namespace(function);

	return OidIsValid(schema) && schema == hooks_own_find_schema(HOOKS_DEFINITIONS);
}

/*
 * The definition of a hook of this name; InvalidOid if there is none.
 */
Oid
hooks_definition_find(const char *name)
{
	Oid			none[1];
	Oid			schema = hooks_own_find_schema(HOOKS_DEFINITIONS);

	if (!OidIsValid(schema))
		return InvalidOid;
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
						   CStringGetDatum(name),
						   PointerGetDatum(buildoidvector(none, 0)),
						   ObjectIdGetDatum(schema));
}

/*
 * The definitions that depend on an object, on a whole or a part of it.
 */
List *
hooks_definition_using(Oid classid, Oid objid)
{
	Relation	pg_depend = table_open(DependRelationId, AccessShareLock);
	List	   *functions = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(classid));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(objid));
	scan = systable_beginscan(pg_depend, DependReferenceIndexId, true, NULL, 2,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		CHECK_FOR_INTERRUPTS();
		if (form->classid == ProcedureRelationId &&
			hooks_definition_is_one(form->objid))
			functions = lappend_oid(functions, form->objid);
	}
	systable_endscan(scan);
	table_close(pg_depend, AccessShareLock);

	/* a function that uses several columns has as many entries */
	list_sort(functions, list_oid_cmp);
	list_deduplicate_oid(functions);
	return functions;
}

/*
 * All definitions.
 */
List *
hooks_definition_all(void)
{
	Oid			schema = hooks_own_find_schema(HOOKS_DEFINITIONS);

	return OidIsValid(schema) ?
		hooks_definition_using(NamespaceRelationId, schema) : NIL;
}

/*
 * Notes a definition that this session has created, if it seems to load a dump:
 * pg_dump's scripts turn check_function_bodies off, as what they create comes in
 * an order of its own.
 */
void
hooks_definition_note_loading(Oid function)
{
	MemoryContext old;

	if (check_function_bodies)
		return;
	old = MemoryContextSwitchTo(TopMemoryContext);
	loading = lappend_oid(loading, function);
	MemoryContextSwitchTo(old);
}

/*
 * Do the triggers of a definition come with the dump that this session loads?
 */
bool
hooks_definition_is_loading(Oid function)
{
	return !check_function_bodies && list_member_oid(loading, function);
}

/*
 * The dump has come to its data or its triggers: it creates no tables any more.
 */
void
hooks_definition_end_loading(void)
{
	list_free(loading);
	loading = NIL;
}

/* ------------------------------------------------------------ writing */

static Node *
make_constant(Oid type, int length, bool by_value, Oid collation, Datum value)
{
	return (Node *) makeConst(type, -1, collation, length, value, false, by_value);
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

	if (hooks_event_takes_jsonb(hook->phase, hook->actions))
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
make_columns(const Hook *hook, Relation rel)
{
	RowExpr    *row = makeNode(RowExpr);
	ListCell   *lc;

	foreach(lc, hook->columns)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel),
											  lfirst_int(lc) - 1);

		row->args = lappend(row->args,
							makeVar(PRS2_NEW_VARNO, att->attnum, att->atttypid,
									att->atttypmod, att->attcollation, 0));
		row->colnames = lappend(row->colnames,
								makeString(psprintf("f%d", list_length(row->args))));
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

	targets = add_word(targets, "phase", hooks_event_phase_word(hook->phase));
	targets = add_word(targets, "action", hooks_event_action_list(hook->actions));
	targets = add_target(targets, "callback", make_call(hook));
	targets = add_word(targets, "level", hooks_event_level_word(hook->level));
	if (hook->condition != NULL)
		targets = add_target(targets, "condition", hook->condition);
	if (hook->columns != NIL)
		targets = add_target(targets, "columns", make_columns(hook, rel));
	targets = add_words(targets, "arguments", hook->arguments);
	targets = add_word(targets, "on_error", hooks_event_policy_word(hook->policy));
	if (hook->timeout != NULL)
		targets = add_target(targets, "timeout",
							 make_constant(INTERVALOID, sizeof(Interval), false,
										   InvalidOid,
										   IntervalPGetDatum(hook->timeout)));
	if (hook->max_attempts != 0)
		targets = add_integer(targets, "max_attempts", hook->max_attempts);
	targets = add_integer(targets, "priority", hook->priority);
	targets = add_words(targets, "run_after", hook->run_after);
	targets = add_word(targets, "run_as", hooks_event_run_as_word(hook->run_as));
	targets = add_word(targets, "fire", hooks_event_fire_word(hook->fire));
	if (OidIsValid(hook->schema))
		targets = add_target(targets, "schema",
							 make_constant(REGNAMESPACEOID, sizeof(Oid), true,
										   InvalidOid,
										   ObjectIdGetDatum(hook->schema)));
	targets = add_word(targets, "package", hook->package);
	targets = add_word(targets, "description", hook->description);
	targets = add_word(targets, "search_path", hook->search_path);
	return add_target(targets, "hook_id",
					  make_constant(INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
									InvalidOid, Int64GetDatum(hook->hook_id)));
}

/*
 * SELECT ... FROM relation old, relation new WHERE hooks.definition()
 */
static Query *
make_body(const Hook *hook)
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

/*
 * Makes a definition go with the table, or the schema of a wide hook, without
 * CASCADE.  Returns whether it did not yet.
 */
bool
hooks_definition_bind(const Hook *hook)
{
	Relation	pg_depend;
	ObjectAddress definition;
	ObjectAddress target;
	ScanKeyData keys[3];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		bound = false;

	if (OidIsValid(hook->relation))
		ObjectAddressSet(target, RelationRelationId, hook->relation);
	else if (OidIsValid(hook->schema))
		ObjectAddressSet(target, NamespaceRelationId, hook->schema);
	else
		return false;
	ObjectAddressSet(definition, ProcedureRelationId, hook->definition);

	pg_depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(definition.classId));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(definition.objectId));
	ScanKeyInit(&keys[2], Anum_pg_depend_objsubid, BTEqualStrategyNumber,
				F_INT4EQ, Int32GetDatum(0));
	scan = systable_beginscan(pg_depend, DependDependerIndexId, true, NULL, 3,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		bound |= form->deptype == DEPENDENCY_AUTO &&
			form->refclassid == target.classId &&
			form->refobjid == target.objectId;
	}
	systable_endscan(scan);
	table_close(pg_depend, AccessShareLock);
	if (!bound)
		recordDependencyOn(&definition, &target, DEPENDENCY_AUTO);
	return !bound;
}

static Oid
create_function(const Hook *hook)
{
	return ProcedureCreate(hook->name, hooks_own_schema(HOOKS_DEFINITIONS),
						   false, false, RECORDOID, hook->owner, SQLlanguageId,
						   InvalidOid, "", NULL,
						   (Node *) list_make1(list_make1(make_body(hook))),
						   PROKIND_FUNCTION, false, false, false,
						   PROVOLATILE_VOLATILE, PROPARALLEL_UNSAFE,
						   buildoidvector(NULL, 0), (Datum) 0, (Datum) 0,
						   (Datum) 0, NIL, HOOKS_NO_TRANSFORMS, (Datum) 0,
						   InvalidOid, 1, 0).objectId;
}

/*
 * Creates the definition of a hook, which must be whole but for that; sets
 * hook->definition.  In the script of another extension it becomes a member of
 * that, but never of ours, so that it is dumped.
 */
void
hooks_definition_create(Hook *hook)
{
	bool		before = creating_extension;

	if (before && CurrentExtensionObject == get_extension_oid("hooks", true))
		creating_extension = false;
	PG_TRY();
	{
		hook->definition = create_function(hook);
	}
	PG_FINALLY();
	{
		creating_extension = before;
	}
	PG_END_TRY();
	if (creating_extension &&
		CurrentExtensionObject != get_extension_oid("hooks", true))
		hooks_definition_note_loading(hook->definition);
	(void) hooks_definition_bind(hook);
	CommandCounterIncrement();
}

/*
 * Drops a definition, and what somebody made depend on it.
 */
void
hooks_definition_drop(Oid function)
{
	ObjectAddress address;

	ObjectAddressSet(address, ProcedureRelationId, function);
	performDeletion(&address, DROP_CASCADE, PERFORM_DELETION_INTERNAL);
}

/* ------------------------------------------------------------ reading */

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
 * The columns, as attribute numbers.
 */
static List *
read_columns(Reading *reading)
{
	RowExpr    *row = (RowExpr *) find_target(reading, "columns");
	List	   *columns = NIL;
	ListCell   *lc;

	if (row == NULL)
		return NIL;
	if (!IsA(row, RowExpr))
	{
		reading->damage = "its \"columns\" is not a row";
		return NIL;
	}
	foreach(lc, row->args)
	{
		Var		   *var = lfirst(lc);

		if (!IsA(var, Var) || var->varattno <= 0 || var->varlevelsup != 0)
			reading->damage = "its \"columns\" has more than columns";
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
 * The relation that a query is from, as OLD and as NEW; InvalidOid if it is from
 * none.
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
								 hook->columns != NIL))
		reading->damage = "its words do not go together";
	else if (OidIsValid(hook->relation) && OidIsValid(hook->schema))
		reading->damage = "it is for a table and for a schema";
	else if (!SplitIdentifierString(pstrdup(hook->search_path), ',', &schemas))
		reading->damage = "its \"search_path\" is none";
	else if (hooks_condition_missing_row(hook, hook->condition, NULL, &why) != NULL)
		reading->damage = "its \"condition\" refers to a row that it does not have";
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
	const char *unknown;
	Const	   *constant;

	hook->arguments = read_words(reading, "arguments");
	hook->run_after = read_words(reading, "run_after");
	hook->max_attempts = read_integer(reading, "max_attempts");
	hook->priority = read_integer(reading, "priority");
	hook->package = read_word(reading, "package");
	hook->description = read_word(reading, "description");
	hook->search_path = read_needed(reading, "search_path");
	hook->columns = read_columns(reading);
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
	unknown = hooks_event_unknown_word(phase, action, level, policy, run_as,
									   fire);
	if (unknown != NULL)
	{
		reading->damage = psprintf("its %s is none", unknown);
		return;
	}
	hook->phase = hooks_event_parse_phase(phase);
	hook->actions = hooks_event_parse_actions(action);
	hook->level = level == NULL ? HOOK_NO_LEVEL :
		hooks_event_parse_level(level);
	hook->policy = hooks_event_parse_policy(policy);
	hook->run_as = hooks_event_parse_run_as(run_as);
	hook->fire = hooks_event_parse_fire(fire);
	hook->callback = read_callback(reading,
								   hooks_event_takes_jsonb(hook->phase,
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
	return !query->hasAggs && !query->hasWindowFuncs && !query->hasTargetSRFs &&
		!query->hasSubLinks && query->cteList == NIL &&
		query->groupClause == NIL && query->groupingSets == NIL &&
		query->setOperations == NULL;
}

/*
 * The one query of a body in BEGIN ATOMIC ... END; NULL if it is anything else.
 */
static Query *
query_of(HeapTuple function)
{
	bool		isnull;
	Datum		value = SysCacheGetAttr(PROCOID, function,
										Anum_pg_proc_prosqlbody, &isnull);
	Node	   *body = isnull ? NULL : stringToNode(TextDatumGetCString(value));

	for (int i = 0; i < 2; i++)
	{
		if (body == NULL || !IsA(body, List) || list_length((List *) body) != 1)
			return NULL;
		body = linitial((List *) body);
	}
	return body != NULL && IsA(body, Query) &&
		((Query *) body)->commandType == CMD_SELECT ? (Query *) body : NULL;
}

/*
 * What a definition tells of its hook, palloc'd; hook->damage says what is wrong
 * with it, if anything.  NULL if the function is gone.
 */
Hook *
hooks_definition_read(Oid function)
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

PG_FUNCTION_INFO_V1(hooks_definition);

/*
 * hooks.definition() returns boolean
 *
 * Stands in the body of each definition, so that one that is called ends with
 * this error (0A000) before anything in it is looked at.  It is marked immutable
 * for that reason: PostgreSQL calls it when it plans the query.
 */
Datum
hooks_definition(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("the definition of a hook cannot be called"),
			 errdetail("It says what the hook is; the hook fires by itself.")));
	PG_RETURN_NULL();
}
