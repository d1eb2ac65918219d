/*
 * mention.c
 *		Which hooks mention, in what the registry has as text, the name that a
 *		command is about.
 *
 * That spares looking at what most hooks mean.  A hook too many costs time only;
 * none must be missed.
 */
#include "postgres.h"

#include <ctype.h>

#include "nodes/parsenodes.h"

#include "mention.h"

/* the last part of a name in a parse tree, NULL if it has none */
static const char *
last_name(Node *object)
{
	if (object != NULL && IsA(object, String))
		return strVal(object);
	if (object != NULL && IsA(object, ObjectWithArgs))
		object = (Node *) ((ObjectWithArgs *) object)->objname;
	if (object != NULL && IsA(object, TypeName))
		object = (Node *) ((TypeName *) object)->names;
	if (object != NULL && IsA(object, List))
		return strVal(llast((List *) object));
	return NULL;
}

/*
 * The name without which a hook's text cannot use what a command drops; NULL if
 * there is not one.
 */
const char *
hooks_mention_dropped_name(Node *command)
{
	DropStmt   *drop = (DropStmt *) command;
	AlterTableStmt *alter = (AlterTableStmt *) command;

	if (IsA(command, AlterTableStmt) && list_length(alter->cmds) == 1)
	{
		AlterTableCmd *cmd = linitial_node(AlterTableCmd, alter->cmds);

		return cmd->behavior == DROP_CASCADE ? NULL : cmd->name;
	}
	if (IsA(command, DropStmt) && drop->behavior != DROP_CASCADE &&
		list_length(drop->objects) == 1 &&
		(drop->removeType == OBJECT_FUNCTION ||
		 drop->removeType == OBJECT_TYPE || drop->removeType == OBJECT_DOMAIN))
		return last_name(linitial(drop->objects));
	return NULL;
}

/*
 * The name that a command changes, without its schema; NULL if there are more
 * than one.
 */
const char *
hooks_mention_changed_name(Node *command)
{
	Node	   *object;
	RangeVar   *relation = NULL;

	switch (nodeTag(command))
	{
		case T_RenameStmt:
			{
				RenameStmt *stmt = (RenameStmt *) command;

				if (stmt->renameType == OBJECT_COLUMN ||
					stmt->renameType == OBJECT_ATTRIBUTE ||
					stmt->renameType == OBJECT_SCHEMA)
					return stmt->subname;
				relation = stmt->relation;
				object = stmt->object;
				break;
			}
		case T_AlterObjectSchemaStmt:
			if (((AlterObjectSchemaStmt *) command)->objectType == OBJECT_EXTENSION)
				return NULL;
			relation = ((AlterObjectSchemaStmt *) command)->relation;
			object = ((AlterObjectSchemaStmt *) command)->object;
			break;
		case T_AlterEnumStmt:
			return ((AlterEnumStmt *) command)->oldVal;
		case T_AlterOwnerStmt:
			object = ((AlterOwnerStmt *) command)->object;
			break;
		default:
			return NULL;
	}
	return relation != NULL ? relation->relname : last_name(object);
}

static bool
is_part_of_name(char c)
{
	return isalnum((unsigned char) c) || c == '_' || c == '$' || IS_HIGHBIT_SET(c);
}

/*
 * May a hook's text mention a name, as a word?  Some names are written
 * otherwise, with quotes doubled.
 */
bool
hooks_mention_in(const char *text, const char *name)
{
	size_t		length;

	if (text == NULL)
		return false;
	if (name == NULL || strpbrk(name, "\"'\\") != NULL)
		return true;
	length = strlen(name);
	for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name))
		if (!is_part_of_name(name[0]) ||
			((at == text || !is_part_of_name(at[-1])) &&
			 !is_part_of_name(at[length])))
			return true;
	return false;
}

/*
 * May a hook mention a name, NULL for any?
 */
bool
hooks_mention_in_hook(const Hook *hook, const char *name)
{
	int			n;
	char	  **columns = hooks_hook_strings(hook->columns, &n);

	if (hooks_mention_in(hook->callback, name) ||
		hooks_mention_in(hook->condition, name) ||
		hooks_mention_in(hook->schema, name) ||
		hooks_mention_in(hook->search_path, name))
		return true;
	for (int i = 0; i < n; i++)
		if (hooks_mention_in(columns[i], name))
			return true;
	return false;
}
