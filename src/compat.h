/*
 * compat.h
 *		What differs between PostgreSQL 15 and 18.
 *
 * The only file that looks at PG_VERSION_NUM.
 */
#ifndef HOOKS_COMPAT_H
#define HOOKS_COMPAT_H

#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/guc.h"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "hooks is written for PostgreSQL 15 to 18"
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

/*
 * Since 18 an AFTER trigger runs as the role that queued its event, in a cascade
 * the owner of the table; before, as the role of the statement.
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

/* what a check hook allocates is freed by guc_free() since 16 */
#if PG_VERSION_NUM >= 160000
#define hooks_guc_malloc(size) guc_malloc(LOG, (size))
#define hooks_guc_free(pointer) guc_free(pointer)
#else
#define hooks_guc_malloc(size) malloc(size)
#define hooks_guc_free(pointer) free(pointer)
#endif

#endif							/* HOOKS_COMPAT_H */
