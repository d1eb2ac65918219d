/*
 * dropped.c
 *		What the drop of objects means for the registry.
 *
 * A relation takes the hooks that are on it along, a schema the wide hooks on
 * it, a role that is cleared away with DROP OWNED those that it owns.  What a
 * hook uses otherwise, its callback, columns, and what its condition refers to,
 * is refused while the hook is there (2BP01), or takes it along with a NOTICE,
 * as the command says RESTRICT or CASCADE.
 *
 * All this is found after the fact, from the list of what was dropped, so that
 * whatever command drops an object comes here.  An error undoes the command.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "attach.h"
#include "condition.h"
#include "dropped.h"
#include "follow.h"
#include "mention.h"
#include "objects.h"
#include "owner.h"
#include "scope.h"

/*
 * Does ALTER TABLE say CASCADE with all that it drops?
 */
static bool
alter_is_cascade(AlterTableStmt *stmt)
{
	bool		cascade = false;
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->behavior == DROP_CASCADE)
			cascade = true;
		else if (cmd->subtype == AT_DropColumn || cmd->subtype == AT_DropConstraint)
			return false;
	}
	return cascade;
}

/*
 * Does the command say CASCADE?
 */
static bool
is_cascade(Node *command)
{
	switch (nodeTag(command))
	{
		case T_DropStmt:
			return ((DropStmt *) command)->behavior == DROP_CASCADE;
		case T_DropOwnedStmt:
			return ((DropOwnedStmt *) command)->behavior == DROP_CASCADE;
		case T_AlterDomainStmt:
			return ((AlterDomainStmt *) command)->behavior == DROP_CASCADE;
		case T_AlterTableStmt:
			return alter_is_cascade((AlterTableStmt *) command);
		default:
			return false;
	}
}

/*
 * Removes hooks, and the triggers that no other hook wants.
 */
void
hooks_dropped_remove(List *hooks)
{
	List	   *owners = NIL;
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, hooks)
	{
		if (!OidIsValid(((Hook *) lfirst(lc))->relation))
			hooks_scope_lock(lfirst(lc));
		hooks_registry_delete(lfirst(lc));
	}
	foreach(lc, hooks)
	{
		Hook	   *hook = lfirst(lc);

		owners = list_append_unique_oid(owners, hook->owner);
		tables = list_concat_unique_oid(tables, hooks_scope_relations(hook));
	}
	foreach(lc, tables)
	{
		CHECK_FOR_INTERRUPTS();
		(void) hooks_attach_sync(lfirst_oid(lc));
	}
	foreach(lc, owners)
		(void) hooks_owner_sync(lfirst_oid(lc), false);
}

static bool
has_hook(List *hooks, const Hook *hook)
{
	ListCell   *lc;

	foreach(lc, hooks)
		if (((Hook *) lfirst(lc))->hook_id == hook->hook_id)
			return true;
	return false;
}

static List *
add_hook(List *hooks, Hook *hook)
{
	return has_hook(hooks, hook) ? hooks : lappend(hooks, hook);
}

static bool
has_column(const Hook *hook, const char *column)
{
	int			n;
	char	  **columns = hooks_hook_strings(hook->columns, &n);

	for (int i = 0; i < n; i++)
		if (strcmp(columns[i], column) == 0)
			return true;
	return false;
}

/*
 * Did the hook name an object that is gone now as its callback or a column?
 */
static bool
named(const Hook *hook, const HookObject *object)
{
	if (object->classid == RelationRelationId)
		return hook->relation == object->objid && has_column(hook, object->name);
	return strcmp(hook->callback, object->identity) == 0;
}

/*
 * Can a hook name it as its callback or a column?
 */
static bool
is_nameable(const HookObject *object)
{
	return (object->classid == RelationRelationId && object->objsubid != 0 &&
			object->name != NULL) ||
		(object->classid == ProcedureRelationId && object->identity != NULL);
}

/*
 * 2BP01, naming the hooks that use what was to be dropped.
 */
static void
refuse(List *hooks, List *objects)
{
	StringInfoData detail;
	const HookObject *first = linitial(objects);
	ListCell   *lc;
	ListCell   *lc2;

	initStringInfo(&detail);
	forboth(lc, hooks, lc2, objects)
		appendStringInfo(&detail, "%shook \"%s\" depends on %s %s",
						 detail.len > 0 ? "\n" : "",
						 ((Hook *) lfirst(lc))->name,
						 ((HookObject *) lfirst(lc2))->type,
						 ((HookObject *) lfirst(lc2))->identity);
	ereport(ERROR,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("cannot drop %s %s because other objects depend on it",
					first->type, first->identity),
			 errdetail_internal("%s", detail.data),
			 errhint("Use DROP ... CASCADE to unregister the hooks too.")));
}

/* the hooks that some roles (RoleSpecs) own */
static List *
hooks_of_roles(List *roles)
{
	List	   *hooks = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, hooks_registry_all())
		foreach(lc2, roles)
			if (((Hook *) lfirst(lc))->owner ==
				get_rolespec_oid(lfirst(lc2), false))
			{
				hooks = lappend(hooks, lfirst(lc));
				break;
			}
	return hooks;
}

/* What a command dropped, and the hooks that this concerns */
typedef struct Dropped
{
	Node	   *command;
	List	   *objects;		/* HookObjects: all, and of these */
	List	   *relations;		/* those that hooks can be on, */
	bool		foreign_tables; /* is one of them a foreign table? */
	List	   *schemas;
	List	   *nameable;		/* and callbacks and columns */
	List	   *gone;			/* Hooks whose relation or schema is gone */
	List	   *leaving;		/* Hooks that go with DROP OWNED, afterwards */
	List	   *users;			/* Hooks that used an object, */
	List	   *causes;			/* and which, in the same order */
} Dropped;

static void
sort_objects(Dropped *dropped)
{
	ListCell   *lc;

	foreach(lc, dropped->objects)
	{
		HookObject *object = lfirst(lc);

		if (object->classid == RelationRelationId && object->objsubid == 0)
		{
			dropped->relations = lappend(dropped->relations, object);
			dropped->foreign_tables |= strcmp(object->type, "foreign table") == 0;
		}
		else if (object->classid == NamespaceRelationId)
			dropped->schemas = lappend(dropped->schemas, object);
		else if (is_nameable(object))
			dropped->nameable = lappend(dropped->nameable, object);
	}
}

static void
add_user(Dropped *dropped, Hook *hook, HookObject *cause)
{
	if (has_hook(dropped->gone, hook) || has_hook(dropped->users, hook) ||
		has_hook(dropped->leaving, hook))
		return;
	dropped->users = lappend(dropped->users, hook);
	dropped->causes = lappend(dropped->causes, cause);
}

/* what of the dropped objects a condition used, as far as its text tells */
static HookObject *
cause_of(const Dropped *dropped, const Hook *hook)
{
	ListCell   *lc;

	foreach(lc, dropped->objects)
	{
		HookObject *object = lfirst(lc);

		if (object->name != NULL && object->identity != NULL &&
			hooks_mention_in(hook->condition, object->name))
			return object;
	}
	return linitial(dropped->objects);
}

/*
 * Finds the hooks; false if there are none.
 */
static bool
find_hooks(Dropped *dropped)
{
	ListCell   *lc;
	ListCell   *lc2;

	dropped->gone = dropped->users = dropped->causes = NIL;
	dropped->leaving = !IsA(dropped->command, DropOwnedStmt) ? NIL :
		hooks_of_roles(((DropOwnedStmt *) dropped->command)->roles);
	foreach(lc, dropped->relations)
	{
		Oid			relid = ((HookObject *) lfirst(lc))->objid;

		if (hooks_registry_has(relid))
			foreach(lc2, hooks_registry_of_relation(relid))
				dropped->gone = add_hook(dropped->gone, lfirst(lc2));
	}
	if (dropped->schemas != NIL)
		foreach(lc, hooks_registry_wide())
			foreach(lc2, dropped->schemas)
			{
				Hook	   *hook = lfirst(lc);

				if (hook->schema != NULL &&
					strcmp(hook->schema, ((HookObject *) lfirst(lc2))->name) == 0)
					dropped->gone = add_hook(dropped->gone, hook);
			}
	if (dropped->nameable != NIL)
		foreach(lc, hooks_registry_all())
			foreach(lc2, dropped->nameable)
				if (named(lfirst(lc), lfirst(lc2)))
					add_user(dropped, lfirst(lc), lfirst(lc2));
	foreach(lc, hooks_follow_broken(dropped->command,
									!IsA(dropped->command, AlterTableStmt)))
		add_user(dropped, lfirst(lc), cause_of(dropped, lfirst(lc)));
	return dropped->gone != NIL || dropped->users != NIL;
}

/*
 * Takes hooks along, or refuses, after a command that dropped objects.
 */
void
hooks_dropped_objects(Node *command)
{
	Dropped		dropped = {command, hooks_objects_dropped()};
	ListCell   *lc;

	sort_objects(&dropped);
	if (dropped.foreign_tables)
	{
		List	   *relids = NIL;

		foreach(lc, dropped.relations)
			relids = lappend_oid(relids, ((HookObject *) lfirst(lc))->objid);
		hooks_attach_sync_above(relids, true);
	}
	if (!find_hooks(&dropped))
		return;

	/* Once more, as they may have changed before the lock was there */
	hooks_registry_lock();
	if (!find_hooks(&dropped))
		return;
	if (dropped.users != NIL && !is_cascade(command))
		refuse(dropped.users, dropped.causes);
	foreach(lc, dropped.users)
		ereport(NOTICE,
				(errmsg("drop cascades to hook \"%s\"",
						((Hook *) lfirst(lc))->name)));
	hooks_dropped_remove(list_concat(dropped.gone, dropped.users));
}

/*
 * After DROP OWNED, which need not have dropped anything else: the hooks of the
 * roles go.
 */
void
hooks_dropped_owners(DropOwnedStmt *command)
{
	List	   *hooks;
	ListCell   *lc;

	hooks_registry_lock();
	hooks = hooks_of_roles(command->roles);
	foreach(lc, hooks)
		ereport(NOTICE,
				(errmsg("hook \"%s\" is dropped with its owner's objects",
						((Hook *) lfirst(lc))->name)));
	hooks_dropped_remove(hooks);
}

/*
 * After the type of a column changed: refuses (0A000, as PostgreSQL does where a
 * trigger's WHEN uses the column) if the condition of a hook does not go with
 * the new type.
 */
void
hooks_dropped_check_conditions(Node *command)
{
	List	   *broken = hooks_follow_broken(command, false);

	if (broken != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot alter type of a column used in the condition of hook \"%s\"",
						((Hook *) linitial(broken))->name),
				 errdetail("%s", ((Hook *) linitial(broken))->condition)));
}
