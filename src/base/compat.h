/*
 * compat.h
 *		What differs between PostgreSQL 15 and 19.
 *
 * The only file that looks at PG_VERSION_NUM.
 */
#ifndef HOOKS_COMPAT_H
#define HOOKS_COMPAT_H

#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "nodes/plannodes.h"
#include "postmaster/bgworker.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/jsonb.h"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 200000
#error "hooks is written for PostgreSQL 15 to 19"
#endif

/* ExecutorRun lost execute_once in 18 */
#if PG_VERSION_NUM >= 180000
#define HOOKS_RUN_ARGS QueryDesc *query, ScanDirection direction, uint64 count
#define HOOKS_RUN_PASS query, direction, count
#define hooks_executor_run(query, count) \
	ExecutorRun((query), ForwardScanDirection, (count))
#else
#define HOOKS_RUN_ARGS QueryDesc *query, ScanDirection direction, \
		uint64 count, bool execute_once
#define HOOKS_RUN_PASS query, direction, count, execute_once
#define hooks_executor_run(query, count) \
	ExecutorRun((query), ForwardScanDirection, (count), false)
#endif

/* object_aclcheck() replaced the checks of each kind of object in 16 */
#if PG_VERSION_NUM >= 160000
#define hooks_proc_aclcheck(funcid, roleid) \
	object_aclcheck(ProcedureRelationId, (funcid), (roleid), ACL_EXECUTE)
#define hooks_class_ownercheck(relid, roleid) \
	object_ownercheck(RelationRelationId, (relid), (roleid))
#define hooks_namespace_ownercheck(nspid, roleid) \
	object_ownercheck(NamespaceRelationId, (nspid), (roleid))
#define hooks_namespace_aclcheck(nspid, roleid, mode) \
	object_aclcheck(NamespaceRelationId, (nspid), (roleid), (mode))
#define hooks_can_set_role(member, role) member_can_set_role((member), (role))
#else
#define hooks_proc_aclcheck(funcid, roleid) \
	pg_proc_aclcheck((funcid), (roleid), ACL_EXECUTE)
#define hooks_class_ownercheck(relid, roleid) \
	pg_class_ownercheck((relid), (roleid))
#define hooks_namespace_ownercheck(nspid, roleid) \
	pg_namespace_ownercheck((nspid), (roleid))
#define hooks_namespace_aclcheck(nspid, roleid, mode) \
	pg_namespace_aclcheck((nspid), (roleid), (mode))
#define hooks_can_set_role(member, role) is_member_of_role((member), (role))
#endif

/* the relations that a plan writes, by range table index: a set since 19 */
#if PG_VERSION_NUM >= 190000
static inline List *
hooks_result_relations(const PlannedStmt *plan)
{
	List	   *relations = NIL;
	int			index = -1;

	while ((index = bms_next_member(plan->resultRelationRelids, index)) >= 0)
		relations = lappend_int(relations, index);
	return relations;
}
#else
#define hooks_result_relations(plan) ((plan)->resultRelations)
#endif

/* scans have options since 19, and so has a deletion */
#if PG_VERSION_NUM >= 190000
#define hooks_table_beginscan(rel, snapshot) \
	table_beginscan((rel), (snapshot), 0, NULL, SO_NONE)
#define hooks_table_tuple_delete(rel, tid, snapshot, wait, failure) \
	table_tuple_delete((rel), (tid), GetCurrentCommandId(true), 0, \
					   (snapshot), InvalidSnapshot, (wait), (failure))
#else
#define hooks_table_beginscan(rel, snapshot) \
	table_beginscan((rel), (snapshot), 0, NULL)
#define hooks_table_tuple_delete(rel, tid, snapshot, wait, failure) \
	table_tuple_delete((rel), (tid), GetCurrentCommandId(true), \
					   (snapshot), InvalidSnapshot, (wait), (failure), false)
#endif

/* since 17 a search_path by its schemas has another name */
#if PG_VERSION_NUM < 170000
#define SearchPathMatcher OverrideSearchPath
#define GetSearchPathMatcher GetOverrideSearchPath
#define SearchPathMatchesCurrentEnvironment OverrideSearchPathMatchesCurrent
#endif

/* FuncnameGetCandidates tells since 19 why there is none */
#if PG_VERSION_NUM >= 190000
static inline FuncCandidateList
hooks_function_candidates(List *names)
{
	int			flags;

	return FuncnameGetCandidates(names, -1, NIL, false, false, false, true,
								 &flags);
}
#else
#define hooks_function_candidates(names) \
	FuncnameGetCandidates((names), -1, NIL, false, false, false, true)
#endif

/* since 19 the state of what makes a jsonb has a type, and holds the result */
#if PG_VERSION_NUM >= 190000
#define hooks_jsonb_push(state, token, value) \
	pushJsonbValue((state), (token), (value))
#else
typedef struct JsonbInState
{
	JsonbValue *result;			/* the whole value, once it is complete */
	JsonbParseState *parseState;
} JsonbInState;

#define hooks_jsonb_push(state, token, value) \
	((void) ((state)->result = \
			 pushJsonbValue(&(state)->parseState, (token), (value))))
#endif

/* a format that is made column by column must be finished since 19 */
#if PG_VERSION_NUM < 190000 && !defined(TupleDescFinalize)
#define TupleDescFinalize(desc) ((void) 0)
#endif

/* since 19 a comment does not tell that a case goes on with the next one */
#ifndef pg_fallthrough
#define pg_fallthrough __attribute__((fallthrough))
#endif

/*
 * Since 18 an AFTER trigger runs as the role that queued its event, in a
 * cascade the owner of the table; before, as the role of the statement.
 */
#define HOOKS_AFTER_AS_QUEUED (PG_VERSION_NUM >= 180000)

/* foreign keys that are not enforced, and those with PERIOD, came with 18 */
#if PG_VERSION_NUM >= 180000
#define hooks_constraint_enforced(form) ((form)->conenforced)
#define hooks_constraint_period(form) ((form)->conperiod)
#else
#define hooks_constraint_enforced(form) true
#define hooks_constraint_period(form) false
#endif

/*
 * Virtual generated columns came with 18: no row has them, and the executor
 * wants what they stand for in place of them.  expression is over OLD and NEW,
 * varnos 1 and 2.
 */
#if PG_VERSION_NUM >= 180000
#define hooks_expand_generated(expression, rel) \
	expand_generated_columns_in_expr( \
		expand_generated_columns_in_expr((expression), (rel), \
										 PRS2_OLD_VARNO), \
		(rel), PRS2_NEW_VARNO)
#else
#define hooks_expand_generated(expression, rel) (expression)
#endif

/* triggers on TRUNCATE of foreign tables came with 16 */
#define HOOKS_FOREIGN_TRUNCATE (PG_VERSION_NUM >= 160000)

/* index entries: one argument more since 16, and since 19 flags */
#if PG_VERSION_NUM >= 190000
#define hooks_insert_index_tuples(target, slot, estate) \
	ExecInsertIndexTuples((target), (estate), 0, (slot), NIL, NULL)
#elif PG_VERSION_NUM >= 160000
#define hooks_insert_index_tuples(target, slot, estate) \
	ExecInsertIndexTuples((target), (slot), (estate), false, false, NULL, \
						  NIL, false)
#else
#define hooks_insert_index_tuples(target, slot, estate) \
	ExecInsertIndexTuples((target), (slot), (estate), false, false, NULL, NIL)
#endif

/* messages of logical decoding can be flushed at once since 17 */
#if PG_VERSION_NUM >= 170000
#define hooks_log_logical_message(prefix, message, size) \
	LogLogicalMessage((prefix), (message), (size), true, false)
#else
#define hooks_log_logical_message(prefix, message, size) \
	LogLogicalMessage((prefix), (message), (size), true)
#endif

/* since 19 a replication slot turns logical decoding on, where it can */
#if PG_VERSION_NUM >= 190000
#define HOOKS_LEVEL_TO_DECODE WAL_LEVEL_REPLICA
#else
#define HOOKS_LEVEL_TO_DECODE WAL_LEVEL_LOGICAL
#endif

/* a parameter's record */
#if PG_VERSION_NUM >= 160000
#define hooks_guc_find(name) find_option((name), false, true, 0)
#else
static inline struct config_generic *
hooks_guc_find(const char *name)
{
	struct config_generic **all = get_guc_variables();

	for (int i = 0; i < GetNumConfigOptions(); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}
#endif

/* the permissions that a plan needs are in its range table before 16 */
#if PG_VERSION_NUM >= 160000
typedef RTEPermissionInfo HookPermission;
#define hooks_plan_permissions(plan) ((plan)->permInfos)
#define hooks_permission_is_relation(permission) true
#define hooks_estate_permissions(estate) ((estate)->es_rteperminfos)
#define hooks_permission_number(estate, rti) \
	(exec_rt_fetch((rti), (estate))->perminfoindex)
#else
typedef RangeTblEntry HookPermission;
#define hooks_plan_permissions(plan) ((plan)->rtable)
#define hooks_permission_is_relation(permission) \
	((permission)->rtekind == RTE_RELATION)
#define hooks_estate_permissions(estate) ((estate)->es_range_table)
#define hooks_permission_number(estate, rti) (rti)
#endif

/* what a check hook allocates is freed by guc_free() since 16 */
#if PG_VERSION_NUM >= 160000
#define hooks_guc_malloc(size) guc_malloc(LOG, (size))
#define hooks_guc_free(pointer) guc_free(pointer)
#else
#define hooks_guc_malloc(size) malloc(size)
#define hooks_guc_free(pointer) free(pointer)
#endif

/* a query has the permissions of its relations apart since 16 */
#if PG_VERSION_NUM >= 160000
#define hooks_query_set_permissions(query, pstate) \
	((query)->rteperminfos = (pstate)->p_rteperminfos)
#else
#define hooks_query_set_permissions(query, pstate) ((void) 0)
#endif

/* ProcedureCreate() takes the transforms of a function too since 18 */
#if PG_VERSION_NUM >= 180000
#define HOOKS_NO_TRANSFORMS (Datum) 0, NIL
#else
#define HOOKS_NO_TRANSFORMS (Datum) 0
#endif

/* of a database whose DROP was interrupted; named so since 15.4 */
#define HOOKS_INVALID_DATABASE	(-2)

/* files have numbers of their own since 16, REINDEX its statement since 17 */
#if PG_VERSION_NUM >= 160000
#define hooks_set_new_file(rel) \
	RelationSetNewRelfilenumber((rel), (rel)->rd_rel->relpersistence)
#else
#define hooks_set_new_file(rel) \
	RelationSetNewRelfilenode((rel), (rel)->rd_rel->relpersistence)
#endif
#if PG_VERSION_NUM >= 170000
#define hooks_reindex(relid) \
	reindex_relation(NULL, (relid), REINDEX_REL_PROCESS_TOAST, \
					 &(ReindexParams) {0})
#else
#define hooks_reindex(relid) \
	reindex_relation((relid), REINDEX_REL_PROCESS_TOAST, &(ReindexParams) {0})
#endif

/*
 * Since 19 what needs a database for itself may end a background worker; since
 * 17 a worker may be of a role that cannot log in.
 */
#if PG_VERSION_NUM >= 190000
#define HOOKS_BGWORKER_INTERRUPTIBLE BGWORKER_INTERRUPTIBLE
#else
#define HOOKS_BGWORKER_INTERRUPTIBLE 0
#endif
#if PG_VERSION_NUM >= 170000
#define HOOKS_BGWORKER_ANY_ROLE BGWORKER_BYPASS_ROLELOGINCHECK
#else
#define HOOKS_BGWORKER_ANY_ROLE 0
#endif

/*
 * The worker of a subscription has said how far it will have come when its
 * transaction is committed.  If that fails, PostgreSQL 15, and 16 before 16.5,
 * would take the transaction for applied, and go on after it.
 */
#if PG_VERSION_NUM < 170000
#define hooks_forget_applied() \
	((void) (replorigin_session_origin_lsn = InvalidXLogRecPtr))
#else
#define hooks_forget_applied() ((void) 0)
#endif

/* EXPLAIN takes options of extensions since 18; since 19 they are checked */
#define HOOKS_EXPLAIN_OPTIONS (PG_VERSION_NUM >= 180000)
#if PG_VERSION_NUM >= 190000
#define hooks_register_explain_option(name, handler) \
	RegisterExtensionExplainOption((name), (handler), \
								   GUCCheckBooleanExplainOption)
#else
#define hooks_register_explain_option(name, handler) \
	RegisterExtensionExplainOption((name), (handler))
#endif

/* the table of a session's statistics has another name since 16 */
#if PG_VERSION_NUM >= 160000
#define hooks_pgstat_relid(status) ((status)->id)
#else
#define hooks_pgstat_relid(status) ((status)->t_id)
#endif

/* the cumulative statistics system takes those of extensions since 18 */
#define HOOKS_CUMULATIVE (PG_VERSION_NUM >= 180000)
#if PG_VERSION_NUM >= 190000
#define hooks_pgstat_drop_entry(kind, database, key) \
	pgstat_drop_entry((kind), (database), (key), true)
#else
#define hooks_pgstat_drop_entry(kind, database, key) \
	pgstat_drop_entry((kind), (database), (key))
#endif

/* a table in shared memory has one size since 19 */
#if PG_VERSION_NUM >= 190000
#define hooks_shmem_hash(name, size, info, flags) \
	ShmemInitHash((name), (size), (info), (flags))
#else
#define hooks_shmem_hash(name, size, info, flags) \
	ShmemInitHash((name), (size), (size), (info), (flags))
#endif

/* what one signal handler passes on to another has the sender since 19 */
#if PG_VERSION_NUM >= 190000
#define HOOKS_SIGNAL_PASS postgres_signal_arg, pg_siginfo
#define HOOKS_SIGNAL_IS_POSTMASTERS (pg_siginfo->pid == PostmasterPid)
#else
#define HOOKS_SIGNAL_PASS postgres_signal_arg
#define HOOKS_SIGNAL_IS_POSTMASTERS false
#endif

#endif							/* HOOKS_COMPAT_H */
