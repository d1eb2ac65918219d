/*
 * targets.c
 *		What a command that drops things names.
 *
 * It is looked up, checked for ownership and locked here as the command itself
 * does right afterwards (RemoveRelations and RemoveObjects in PostgreSQL's
 * commands).  So callbacks run only if the user may drop the objects, and for
 * the very objects that are dropped then.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_shdepend.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/ancestors.h"
#include "base/compat.h"
#include "ddl/targets.h"

static List *
add_named_target(List *targets, Oid classid, Oid objid, int objsubid)
{
	ObjectAddress *address = palloc(sizeof(ObjectAddress));

	ObjectAddressSubSet(*address, classid, objid, objsubid);
	return lappend(targets, address);
}

/*
 * Before the lock: 42501 unless the user owns the relation or, for DROP (then
 * arg is not NULL), its schema.
 */
static void
check_may_drop(const RangeVar *name, Oid relid, Oid old_relid, void *arg)
{
	List	   *ancestors;

	if (OidIsValid(relid) &&
		!hooks_class_ownercheck(relid, GetUserId()) &&
		(arg == NULL ||
		 !hooks_namespace_ownercheck(get_rel_namespace(relid), GetUserId())))
		aclcheck_error(ACLCHECK_NOT_OWNER,
					   get_relkind_objtype(get_rel_relkind(relid)),
					   name->relname);

	/*
	 * Queries lock a table before its index and a partitioned table before
	 * its partitions, and so does DROP.
	 */
	if (arg == NULL || relid == old_relid || !OidIsValid(relid))
		return;
	if (get_rel_relkind(relid) == RELKIND_INDEX)
		LockRelationOid(IndexGetRelation(relid, false), AccessExclusiveLock);
	else
	{
		ancestors = hooks_ancestors_of(relid);
		if (ancestors != NIL)
			LockRelationOid(linitial_oid(ancestors), AccessExclusiveLock);
	}
}

static Oid
lock_relation(RangeVar *name, bool drop)
{
	return RangeVarGetRelidExtended(name, AccessExclusiveLock, RVR_MISSING_OK,
									check_may_drop, drop ? name : NULL);
}

/*
 * What DROP names.
 */
static List *
targets_of_drop(DropStmt *stmt)
{
	List	   *targets = NIL;
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		ObjectAddress address;
		Relation	rel = NULL;
		Oid			schema;

		switch (stmt->removeType)
		{
			case OBJECT_INDEX:
				/* without CASCADE it reaches nothing */
				if (stmt->behavior != DROP_CASCADE || stmt->concurrent)
					return NIL;
				pg_fallthrough;
			case OBJECT_TABLE:
			case OBJECT_VIEW:
			case OBJECT_MATVIEW:
			case OBJECT_FOREIGN_TABLE:
			case OBJECT_SEQUENCE:
				{
					Oid			relid =
						lock_relation(makeRangeVarFromNameList(lfirst(lc)),
									  true);

					if (!OidIsValid(relid))
						continue;
					/* of another kind, the command will be refused */
					if (get_relkind_objtype(get_rel_relkind(relid)) !=
						stmt->removeType)
						return NIL;
					targets =
						add_named_target(targets, RelationRelationId, relid,
										 0);
					continue;
				}
			default:
				break;
		}
		address = get_object_address(stmt->removeType, lfirst(lc), &rel,
									 AccessExclusiveLock, true);
		if (!OidIsValid(address.objectId))
			continue;
		schema = get_object_namespace(&address);
		if (!OidIsValid(schema) ||
			!hooks_namespace_ownercheck(schema, GetUserId()))
			check_object_ownership(GetUserId(), stmt->removeType, address,
								   lfirst(lc), rel);
		if (rel != NULL)
			table_close(rel, NoLock);
		targets = add_named_target(targets, address.classId, address.objectId,
								   address.objectSubId);
	}
	return targets;
}

/*
 * What DROP OWNED is about: all that the roles own in this database.
 */
static List *
targets_of_drop_owned(DropOwnedStmt *stmt)
{
	Relation	pg_shdepend =
		table_open(SharedDependRelationId, AccessShareLock);
	List	   *targets = NIL;
	ListCell   *lc;

	foreach(lc, stmt->roles)
	{
		Oid			role = get_rolespec_oid(lfirst(lc), false);
		ScanKeyData keys[2];
		SysScanDesc scan;
		HeapTuple	tuple;

		/* the command will be refused */
		if (!has_privs_of_role(GetUserId(), role))
		{
			table_close(pg_shdepend, AccessShareLock);
			return NIL;
		}
		ScanKeyInit(&keys[0], Anum_pg_shdepend_refclassid,
					BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(AuthIdRelationId));
		ScanKeyInit(&keys[1], Anum_pg_shdepend_refobjid,
					BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(role));
		scan = systable_beginscan(pg_shdepend, SharedDependReferenceIndexId,
								  true, NULL, 2, keys);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			Form_pg_shdepend row = (Form_pg_shdepend) GETSTRUCT(tuple);

			if (row->dbid == MyDatabaseId &&
				row->deptype == SHARED_DEPENDENCY_OWNER)
				targets = add_named_target(targets, row->classid, row->objid,
										   row->objsubid);
		}
		systable_endscan(scan);
	}
	table_close(pg_shdepend, AccessShareLock);
	return targets;
}

/*
 * A column, and those of inheritance children and partitions that go with it.
 */
static List *
add_column(List *targets, Oid relid, const char *name, bool recurse)
{
	AttrNumber	attnum = get_attnum(relid, name);
	ListCell   *lc;

	check_stack_depth();
	if (attnum == InvalidAttrNumber)
		return targets;
	if (!hooks_class_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER,
					   get_relkind_objtype(get_rel_relkind(relid)),
					   get_rel_name(relid));
	targets = add_named_target(targets, RelationRelationId, relid, attnum);
	if (!recurse)
		return targets;
	foreach(lc, find_inheritance_children(relid, NoLock))
	{
		HeapTuple	tuple = SearchSysCacheAttName(lfirst_oid(lc), name);
		bool		goes;

		if (!HeapTupleIsValid(tuple))
			continue;
		goes = ((Form_pg_attribute) GETSTRUCT(tuple))->attinhcount == 1 &&
			!((Form_pg_attribute) GETSTRUCT(tuple))->attislocal;
		ReleaseSysCache(tuple);
		if (goes)
			targets = add_column(targets, lfirst_oid(lc), name, true);
	}
	return targets;
}

/*
 * An attribute of a composite type, and the columns of the tables OF it.
 */
static List *
add_attribute(List *targets, Oid relid, const char *name)
{
	Oid			type = get_rel_type_id(relid);
	Relation	pg_class = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(pg_class, InvalidOid, false, NULL, 0,
										  NULL);
	HeapTuple	tuple;

	targets = add_column(targets, relid, name, false);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		CHECK_FOR_INTERRUPTS();
		if (form->reloftype == type)
			targets = add_column(targets, form->oid, name, true);
	}
	systable_endscan(scan);
	table_close(pg_class, AccessShareLock);
	return targets;
}

/*
 * What ALTER TABLE and ALTER TYPE drop with CASCADE.  Without, they reach no
 * other relation.
 */
static List *
targets_of_alter(AlterTableStmt *stmt)
{
	List	   *targets = NIL;
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);
		Oid			relid;
		Oid			constraint;

		if (cmd->behavior != DROP_CASCADE || cmd->name == NULL ||
			(cmd->subtype != AT_DropColumn &&
			 cmd->subtype != AT_DropConstraint))
			continue;
		relid = lock_relation(stmt->relation, false);
		if (!OidIsValid(relid))
			return NIL;
		if (cmd->subtype == AT_DropConstraint)
		{
			constraint = get_relation_constraint_oid(relid, cmd->name, true);
			if (OidIsValid(constraint))
				targets =
					add_named_target(targets, ConstraintRelationId, constraint,
									 0);
		}
		else if (get_rel_relkind(relid) == RELKIND_COMPOSITE_TYPE)
			targets = add_attribute(targets, relid, cmd->name);
		else
			targets =
				add_column(targets, relid, cmd->name, stmt->relation->inh);
	}
	return targets;
}

/*
 * What a command drops, as ObjectAddresses, without what depends on it; NIL
 * also if the command will be refused or can reach nothing else.  *cascade:
 * may it reach more?  42501 if the user may not drop it.
 */
List *
hooks_targets_find(Node *command, bool *cascade)
{
	*cascade = true;
	switch (nodeTag(command))
	{
		case T_DropStmt:
			*cascade = ((DropStmt *) command)->behavior == DROP_CASCADE;
			return targets_of_drop((DropStmt *) command);
		case T_DropOwnedStmt:
			*cascade = ((DropOwnedStmt *) command)->behavior == DROP_CASCADE;
			return targets_of_drop_owned((DropOwnedStmt *) command);
		case T_AlterTableStmt:
			return targets_of_alter((AlterTableStmt *) command);
		default:
			return NIL;
	}
}
