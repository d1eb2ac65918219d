/*
 * drop.c
 *		Hooks on "drop".
 *
 * They fire at the start of the command, while everything is there, for each
 * relation that it is about to remove, whether it names it or reaches it by
 * CASCADE: first all hooks of phase before, then those of before_cascade.
 *
 * What the command names is looked up, checked for ownership and locked here as
 * the command itself does right afterwards (RemoveRelations and RemoveObjects in
 * PostgreSQL's commands), so that the callbacks run for nobody who may not drop,
 * and for what is dropped then.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/partition.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_shdepend.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "compat.h"
#include "dependents.h"
#include "drop.h"
#include "fire.h"
#include "payload.h"
#include "scope.h"

/* What a firing tells of the command */
typedef struct DropCommand
{
	const char *tag;			/* "DROP TABLE" */
	List	   *dependents;		/* of HookDependent */
	Jsonb	   *objects;		/* the same; NULL until a hook fires */
	MemoryContext context;		/* that all of it lives in */
} DropCommand;

static List *
add_target(List *targets, Oid classid, Oid objid, int objsubid)
{
	ObjectAddress *address = palloc(sizeof(ObjectAddress));

	ObjectAddressSubSet(*address, classid, objid, objsubid);
	return lappend(targets, address);
}

/*
 * Before the lock: 42501 for who is not the relation's owner nor, for DROP
 * (then arg is not NULL), its schema's.
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
					   get_relkind_objtype(get_rel_relkind(relid)), name->relname);

	/* Queries lock a partitioned table before its partitions, and so does DROP */
	if (arg != NULL && relid != old_relid && get_rel_relispartition(relid))
	{
		ancestors = get_partition_ancestors(relid);
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
				/* reaches no table, and may be CONCURRENTLY */
				return NIL;
			case OBJECT_TABLE:
			case OBJECT_VIEW:
			case OBJECT_MATVIEW:
			case OBJECT_FOREIGN_TABLE:
			case OBJECT_SEQUENCE:
				{
					Oid			relid = lock_relation(makeRangeVarFromNameList(lfirst(lc)),
													  true);

					if (!OidIsValid(relid))
						continue;
					/* of another kind, the command will be refused */
					if (get_relkind_objtype(get_rel_relkind(relid)) != stmt->removeType)
						return NIL;
					targets = add_target(targets, RelationRelationId, relid, 0);
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
		targets = add_target(targets, address.classId, address.objectId,
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
	Relation	pg_shdepend = table_open(SharedDependRelationId, AccessShareLock);
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
				targets = add_target(targets, row->classid, row->objid,
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
	targets = add_target(targets, RelationRelationId, relid, attnum);
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
			(cmd->subtype != AT_DropColumn && cmd->subtype != AT_DropConstraint))
			continue;
		relid = lock_relation(stmt->relation, false);
		if (!OidIsValid(relid))
			return NIL;
		if (cmd->subtype == AT_DropConstraint)
		{
			constraint = get_relation_constraint_oid(relid, cmd->name, true);
			if (OidIsValid(constraint))
				targets = add_target(targets, ConstraintRelationId, constraint, 0);
		}
		else if (get_rel_relkind(relid) == RELKIND_COMPOSITE_TYPE)
			targets = add_attribute(targets, relid, cmd->name);
		else
			targets = add_column(targets, relid, cmd->name, stmt->relation->inh);
	}
	return targets;
}

static char *
name_of(HeapTuple tuple, Relation catalog, AttrNumber attnum)
{
	bool		isnull;
	Datum		value;

	if (attnum == InvalidAttrNumber)
		return NULL;
	value = heap_getattr(tuple, attnum, RelationGetDescr(catalog), &isnull);
	return isnull ? NULL : pstrdup(NameStr(*DatumGetName(value)));
}

/*
 * Adds an object, as pg_event_trigger_dropped_objects() describes it.
 */
static void
add_object(JsonbParseState **state, const HookDependent *dependent)
{
	const ObjectAddress *address = &dependent->address;
	char	   *identity = hooks_object_identity(address);
	char	   *schema = NULL;
	char	   *name = NULL;
	JsonbValue	original = {0};

	if (identity == NULL)
		return;
	if (is_objectclass_supported(address->classId))
	{
		Relation	catalog = table_open(address->classId, AccessShareLock);
		HeapTuple	tuple = get_catalog_object_by_oid(catalog,
													  get_object_attnum_oid(address->classId),
													  address->objectId);
		Oid			namespace = get_object_namespace(address);

		if (OidIsValid(namespace))
			schema = get_namespace_name(namespace);
		if (HeapTupleIsValid(tuple) && address->objectSubId == 0)
			name = name_of(tuple, catalog,
						   get_object_attnum_name(address->classId));
		table_close(catalog, AccessShareLock);
	}
	(void) pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	hooks_payload_add(state, "object_type", hooks_object_type(address));
	hooks_payload_add(state, "schema_name", schema);
	hooks_payload_add(state, "object_name", name);
	hooks_payload_add(state, "object_identity", identity);
	hooks_payload_key(state, "original");
	original.type = jbvBool;
	original.val.boolean = dependent->original;
	(void) pushJsonbValue(state, WJB_VALUE, &original);
	(void) pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/*
 * The list of what goes, made once for all firings of a command.
 */
static Jsonb *
objects_of(DropCommand *command)
{
	MemoryContext old = MemoryContextSwitchTo(command->context);
	JsonbParseState *state = NULL;
	ListCell   *lc;

	if (command->objects == NULL)
	{
		(void) pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
		foreach(lc, command->dependents)
		{
			CHECK_FOR_INTERRUPTS();
			add_object(&state, lfirst(lc));
		}
		command->objects =
			JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
	}
	MemoryContextSwitchTo(old);
	return command->objects;
}

/*
 * The event of a drop.
 */
static Jsonb *
make_event(HookFiring *firing, void *arg)
{
	DropCommand *command = arg;
	JsonbParseState *state = hooks_payload_begin(firing);

	hooks_payload_add(&state, "command", command->tag);
	hooks_payload_add_json(&state, "objects", objects_of(command));
	return hooks_payload_end(state);
}

/*
 * Does a wide hook fire for a partitioned table above the relation, as that
 * goes with it?
 */
static bool
fires_above(const Hook *wide, Relation rel, List *dependents)
{
	ListCell   *lc;

	if (rel->rd_rel->relispartition)
		foreach(lc, get_partition_ancestors(RelationGetRelid(rel)))
			if (hooks_scope_covers(wide, lfirst_oid(lc)) &&
				hooks_dependents_has_relation(dependents, lfirst_oid(lc)))
				return true;
	return false;
}

/*
 * Fires the hooks of an event for a relation that is about to go.
 */
static void
fire_relation(const HookEvent *event, const HookDependent *dependent,
			  DropCommand *command)
{
	Oid			relid = dependent->address.objectId;
	Relation	rel = try_relation_open(relid, AccessShareLock);
	MemoryContext context;
	MemoryContext old;
	HookRun    *run;

	if (rel == NULL)
		return;
	context = AllocSetContextCreate(command->context, "hooks drop firing",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	run = hooks_fire_prepare(event, list_make1_oid(relid), context);
	for (int i = 0; i < run->length; i++)
	{
		HookCall   *call = &run->calls[i];

		if (!OidIsValid(call->member->hook->relation) &&
			fires_above(call->member->hook, rel, command->dependents))
			call->out = true;
	}
	hooks_fire_event(run, rel, dependent->original, make_event, command);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	relation_close(rel, NoLock);
}

static bool
is_relation(const ObjectAddress *address)
{
	if (address->classId != RelationRelationId || address->objectSubId != 0)
		return false;
	switch (get_rel_relkind(address->objectId))
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_FOREIGN_TABLE:
		case RELKIND_VIEW:
		case RELKIND_MATVIEW:
			return true;
		default:
			return false;
	}
}

/*
 * Fires the hooks on "drop" of all relations that a command is about to remove.
 */
void
hooks_drop_fire(Node *command, const char *tag)
{
	DropCommand drop = {tag};
	List	   *targets = NIL;
	bool		cascade = true;
	MemoryContext context;
	MemoryContext old;
	ListCell   *lc;

	if (hooks_settings_kill_switch())
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "hooks drop",
									ALLOCSET_DEFAULT_SIZES);
	drop.context = context;
	old = MemoryContextSwitchTo(context);
	switch (nodeTag(command))
	{
		case T_DropStmt:
			targets = targets_of_drop((DropStmt *) command);
			cascade = ((DropStmt *) command)->behavior == DROP_CASCADE;
			break;
		case T_DropOwnedStmt:
			targets = targets_of_drop_owned((DropOwnedStmt *) command);
			cascade = ((DropOwnedStmt *) command)->behavior == DROP_CASCADE;
			break;
		case T_AlterTableStmt:
			targets = targets_of_alter((AlterTableStmt *) command);
			break;
		default:
			break;
	}
	if (targets != NIL)
		drop.dependents = hooks_dependents_find(targets, cascade);
	for (int i = HOOK_TRIGGERS; i < HOOK_EVENTS; i++)
		foreach(lc, drop.dependents)
		{
			HookDependent *dependent = lfirst(lc);

			if (is_relation(&dependent->address))
				fire_relation(&hooks_events[i], dependent, &drop);
		}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
