/*
 * drop_lock.c
 *		The locks that a DROP needs beside those that PostgreSQL takes.
 *
 * register() takes the writers' lock of the registry before it locks the
 * table.  A command that may drop hooks does the same, from its event trigger,
 * before PostgreSQL locks the table: otherwise each could wait for the other.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/lsyscache.h"

#include "ddl/drop_lock.h"
#include "registry/definition.h"
#include "registry/lock.h"
#include "registry/present.h"
#include "registry/registry.h"

/*
 * Does ALTER TABLE say CASCADE?
 */
static bool
alters_with_cascade(AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		if (lfirst_node(AlterTableCmd, lc)->behavior == DROP_CASCADE)
			return true;
	}
	return false;
}

/*
 * Has a table hooks, or a partition below it?
 */
static bool
has_hooks(Oid relid)
{
	ListCell   *lc;

	if (hooks_present_on(relid))
		return true;
	if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		foreach(lc, find_all_inheritors(relid, NoLock, NULL))
	{
		if (hooks_present_on(lfirst_oid(lc)))
			return true;
	}
	return false;
}

/*
 * Takes the writers' lock, if a table has hooks, before the command locks the
 * table: register() takes them in this order.  False if it has none.
 */
static bool
lock_for_table(RangeVar *table)
{
	Oid			relid = RangeVarGetRelid(table, NoLock, true);

	if (!OidIsValid(relid) || !has_hooks(relid))
		return false;
	hooks_lock_registry();
	return true;
}

/*
 * Makes the definitions of hooks go with what they are for, as pg_upgrade
 * forgets that they do.
 */
static void
bind_definitions(List *hooks)
{
	ListCell   *lc;

	foreach(lc, hooks)
	{
		if (((const Hook *) lfirst(lc))->damage == NULL)
			(void) hooks_definition_bind(lfirst(lc));
	}
	CommandCounterIncrement();
}

/*
 * lock_for_table() for a table that is named in a DROP.  Who had the lock may
 * have dropped it.
 */
static bool
lock_to_drop_table(RangeVar *table)
{
	Oid			relid;
	ListCell   *lc;

	if (!lock_for_table(table))
		return false;
	relid = RangeVarGetRelid(table, NoLock, true);
	if (OidIsValid(relid))
		foreach(lc, find_all_inheritors(relid, NoLock, NULL))
	{
		bind_definitions(hooks_registry_of_relation(lfirst_oid(lc)));
	}
	return true;
}

/*
 * Are there hooks on a schema or, if that is dropped with what is in it, on
 * one of its tables?
 */
static bool
schema_has_hooks(const char *name, bool cascade)
{
	Oid			schema = get_namespace_oid(name, true);
	ListCell   *lc;

	if (!OidIsValid(schema))
		return false;
	foreach(lc, hooks_registry_wide())
	{
		if (((const Hook *) lfirst(lc))->schema == schema)
			return true;
	}
	if (cascade)
		foreach(lc, hooks_registry_relations())
	{
		if (get_rel_namespace(lfirst_oid(lc)) == schema)
			return true;
	}
	return false;
}

/*
 * lock_to_drop_table() for the schemas of a DROP.
 */
static void
lock_to_drop_schemas(DropStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		CHECK_FOR_INTERRUPTS();
		if (schema_has_hooks(strVal(lfirst(lc)),
							 stmt->behavior == DROP_CASCADE))
		{
			hooks_lock_registry();
			break;
		}
	}
	bind_definitions(hooks_registry_wide());
}

/*
 * The same for any DROP.  False if it can drop no definition: without CASCADE
 * these go with their table or schema, or the extension that they belong to,
 * or by their own name.
 */
bool
hooks_drop_lock(DropStmt *stmt)
{
	bool		concerned = stmt->behavior == DROP_CASCADE;
	ListCell   *lc;

	switch (stmt->removeType)
	{
		case OBJECT_TABLE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_FOREIGN_TABLE:
			foreach(lc, stmt->objects)
			{
				RangeVar   *name = makeRangeVarFromNameList(lfirst(lc));

				concerned |= lock_to_drop_table(name);
			}
			/* it may have been in an inheritance tree */
			return concerned || stmt->removeType == OBJECT_FOREIGN_TABLE;
		case OBJECT_SCHEMA:
			lock_to_drop_schemas(stmt);
			return true;
		case OBJECT_EXTENSION:
		case OBJECT_FUNCTION:
		case OBJECT_ROUTINE:
			return true;
		default:
			return concerned;
	}
}

/*
 * The same for ALTER TABLE, which may drop a column or constraint with
 * CASCADE.
 */
void
hooks_drop_lock_altered(AlterTableStmt *stmt)
{
	if (alters_with_cascade(stmt))
		(void) lock_for_table(stmt->relation);
}
