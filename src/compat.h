/*
 * compat.h
 *		What differs between PostgreSQL 13 and 18.
 *
 * The only file that looks at PG_VERSION_NUM.
 */
#ifndef HOOKS_COMPAT_H
#define HOOKS_COMPAT_H

#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/cmdtag.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/regproc.h"
#include "utils/varlena.h"

#if PG_VERSION_NUM < 130000 || PG_VERSION_NUM >= 190000
#error "hooks is written for PostgreSQL 13 to 18"
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

/* ProcessUtility learned of read-only trees in 14 */
#if PG_VERSION_NUM >= 140000
#define HOOKS_UTILITY_ARGS PlannedStmt *plan, const char *text, \
		bool read_only_tree, ProcessUtilityContext context, \
		ParamListInfo params, QueryEnvironment *environment, \
		DestReceiver *dest, QueryCompletion *completion
#define HOOKS_UTILITY_PASS plan, text, read_only_tree, context, params, \
		environment, dest, completion
#else
#define HOOKS_UTILITY_ARGS PlannedStmt *plan, const char *text, \
		ProcessUtilityContext context, ParamListInfo params, \
		QueryEnvironment *environment, DestReceiver *dest, \
		QueryCompletion *completion
#define HOOKS_UTILITY_PASS plan, text, context, params, environment, dest, \
		completion
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

/*
 * The tables that a statement writes, and the partitioned ones that it names: a
 * list since 14, arrays before.
 */
#if PG_VERSION_NUM >= 140000
#define hooks_opened_result_relations(estate) \
	((estate)->es_opened_result_relations)
#else
#include "nodes/pg_list.h"
static inline List *
hooks_opened_result_relations(const EState *estate)
{
	List	   *relations = NIL;

	for (int i = 0; i < estate->es_num_result_relations; i++)
		relations = lappend(relations, &estate->es_result_relations[i]);
	for (int i = 0; i < estate->es_num_root_result_relations; i++)
		relations = lappend(relations, &estate->es_root_result_relations[i]);
	return relations;
}
#endif

/* the same in a plan; before 14, partitioned tables that it names are apart */
#if PG_VERSION_NUM >= 140000
#define hooks_result_relations(plan) ((plan)->resultRelations)
#else
#define hooks_result_relations(plan) \
	list_concat_copy((plan)->resultRelations, (plan)->rootResultRelations)
#endif

/*
 * Since 18 an AFTER trigger runs as the role that queued its event, in a cascade
 * the owner of the table; before, as the role of the statement.
 */
#define HOOKS_AFTER_AS_QUEUED (PG_VERSION_NUM >= 180000)

/* descriptions of objects that are gone can be asked for since 14 */
#if PG_VERSION_NUM >= 140000
#define hooks_object_type(address) getObjectTypeDescription((address), true)
#define hooks_object_identity(address) getObjectIdentity((address), true)
#else
#define hooks_object_type(address) getObjectTypeDescription(address)
#define hooks_object_identity(address) getObjectIdentity(address)
#endif

/* the tag of an event trigger's command */
#define hooks_command_tag(data) GetCommandTagName((data)->tag)

/* before 15, no table with transition tables could become a partition */
#define HOOKS_ATTACH_MINDS_TABLES (PG_VERSION_NUM < 150000)

/* since 14 a partition can be about to be detached, and belongs to nothing then */
#if PG_VERSION_NUM >= 140000
#define hooks_partition_parent(relid) get_partition_parent((relid), true)
#else
#define hooks_partition_parent(relid) get_partition_parent(relid)
#endif

/* multiranges came with 14 */
#if PG_VERSION_NUM >= 140000
#define HOOKS_TYPTYPE_MULTIRANGE TYPTYPE_MULTIRANGE
#define hooks_multirange_range(type) get_multirange_range(type)
#else
#define HOOKS_TYPTYPE_MULTIRANGE '\0'
#define hooks_multirange_range(type) InvalidOid
#endif

/* DETACH PARTITION came in two parts with 14 */
#if PG_VERSION_NUM >= 140000
#define HOOKS_IS_DETACH(subtype) \
	((subtype) == AT_DetachPartition || (subtype) == AT_DetachPartitionFinalize)
#else
#define HOOKS_IS_DETACH(subtype) ((subtype) == AT_DetachPartition)
#endif

/* FuncnameGetCandidates learned of OUT arguments in 14 */
#if PG_VERSION_NUM >= 140000
#define hooks_function_candidates(names) \
	FuncnameGetCandidates((names), -1, NIL, false, false, false, true)
#else
#define hooks_function_candidates(names) \
	FuncnameGetCandidates((names), -1, NIL, false, false, true)
#endif

/* ON DELETE SET NULL and SET DEFAULT take columns since 15 */
#if PG_VERSION_NUM >= 150000
#define hooks_deconstruct_foreign_key(tuple, n, fk, pk, pf, pp, ff, nset, set) \
	DeconstructFkConstraintRow(tuple, n, fk, pk, pf, pp, ff, nset, set)
#else
#define hooks_deconstruct_foreign_key(tuple, n, fk, pk, pf, pp, ff, nset, set) \
	(*(nset) = 0, (void) (set), \
	 DeconstructFkConstraintRow(tuple, n, fk, pk, pf, pp, ff))
#endif

/* since 15, a row that moves to another partition is updated for foreign keys */
#define HOOKS_MOVE_IS_UPDATE (PG_VERSION_NUM >= 150000)

/* foreign keys that are not enforced, and those with PERIOD, came with 18 */
#if PG_VERSION_NUM >= 180000
#define hooks_constraint_enforced(form) ((form)->conenforced)
#define hooks_constraint_period(form) ((form)->conperiod)
#else
#define hooks_constraint_enforced(form) true
#define hooks_constraint_period(form) false
#endif

/*
 * Virtual generated columns came with 18: no row has them, and the executor wants
 * what they stand for in place of them.  expression is over OLD and NEW, varnos 1
 * and 2.
 */
#if PG_VERSION_NUM >= 180000
#define hooks_expand_generated(expression, rel) \
	expand_generated_columns_in_expr(expand_generated_columns_in_expr((expression), (rel), PRS2_OLD_VARNO), \
									 (rel), PRS2_NEW_VARNO)
#else
#define hooks_expand_generated(expression, rel) (expression)
#endif

/* triggers on TRUNCATE of foreign tables came with 16 */
#define HOOKS_FOREIGN_TRUNCATE (PG_VERSION_NUM >= 160000)

/* MERGE came with 15 */
#if PG_VERSION_NUM >= 150000
#define HOOKS_CMD_IS_MERGE(cmd) ((cmd) == CMD_MERGE)
#else
#define HOOKS_CMD_IS_MERGE(cmd) false
#endif

/* a custom prefix can be reserved since 15 */
#if PG_VERSION_NUM >= 150000
#define hooks_reserve_prefix(prefix) MarkGUCPrefixReserved(prefix)
#else
#define hooks_reserve_prefix(prefix) EmitWarningsOnPlaceholders(prefix)
#endif

/* what a check hook allocates is freed by guc_free() since 16 */
#if PG_VERSION_NUM >= 160000
#define hooks_guc_malloc(size) guc_malloc(LOG, (size))
#define hooks_guc_free(pointer) guc_free(pointer)
#else
#define hooks_guc_malloc(size) malloc(size)
#define hooks_guc_free(pointer) free(pointer)
#endif

#endif							/* HOOKS_COMPAT_H */
