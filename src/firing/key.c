/*
 * key.c
 *		Which foreign key's action a query of ri_triggers.c is.
 *
 * The query does not name the foreign key, but what it changes, which columns
 * it compares, and what it assigns; the caller knows the table of the row that
 * it follows.  A list of a table's foreign keys finds those that refer to a
 * table by a first column at once: a table that refers to one with thousands
 * of partitions has a foreign key to each of them.
 *
 * A list is a copy, made when it is first needed; it is to be used for one
 * statement.  A foreign key that is dropped meanwhile is no answer any more.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_constraint.h"
#include "common/hashfn.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "firing/key.h"

/* Those that refer to a table by a first column */
typedef struct KeyPlace
{
	Oid			parent;
	AttrNumber	column;
} KeyPlace;

typedef struct KeyGroup
{
	KeyPlace	place;
	char		status;			/* for simplehash.h */
	List	   *keys;			/* of ForeignKeyCacheInfo */
} KeyGroup;

#define SAME_PLACE(a, b) ((a).parent == (b).parent && (a).column == (b).column)

#define SH_PREFIX groups
#define SH_ELEMENT_TYPE KeyGroup
#define SH_KEY_TYPE KeyPlace
#define SH_KEY place
#define SH_HASH_KEY(table, key) \
	hash_combine(murmurhash32((key).parent), murmurhash32((key).column))
#define SH_EQUAL(table, a, b) SAME_PLACE(a, b)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct HookKeys
{
	Oid			relid;
	List	   *all;			/* of ForeignKeyCacheInfo */
	groups_hash *groups;
};

/*
 * The foreign keys of a table, in a memory context.
 */
HookKeys *
hooks_key_list(Oid relid, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	HookKeys   *keys = palloc(sizeof(HookKeys));
	Relation	rel = table_open(relid, AccessShareLock);
	ListCell   *lc;

	keys->relid = relid;
	keys->all = copyObject(RelationGetFKeyList(rel));
	table_close(rel, AccessShareLock);
	keys->groups =
		groups_create(context, Max(list_length(keys->all), 1), NULL);
	foreach(lc, keys->all)
	{
		ForeignKeyCacheInfo *fk = lfirst(lc);
		KeyPlace	place = {fk->confrelid, fk->conkey[0]};
		bool		found;
		KeyGroup   *group = groups_insert(keys->groups, place, &found);

		group->keys = lappend(found ? group->keys : NIL, fk);
	}
	MemoryContextSwitchTo(old);
	return keys;
}

/*
 * Goes on to the next column that a query of ri_triggers.c compares, and
 * copies its name; returns NULL if there is none.  Every comparison has the
 * form
 *		$1 [::cast] OPERATOR(schema.operator) "column" [::cast] [COLLATE ...]
 * and outside of quoted names nothing else has parentheses.
 */
static const char *
next_column(const char *sql, char *name)
{
	bool		wanted = false;

	for (; *sql != '\0'; sql++)
	{
		int			length = 0;

		if (*sql == ')')
			wanted = true;
		if (*sql != '"')
			continue;
		for (sql++; *sql != '\0'; sql++)
		{
			if (*sql == '"' && *++sql != '"')
				break;
			if (length < NAMEDATALEN - 1)
				name[length++] = *sql;
		}
		name[length] = '\0';
		if (wanted)
			return sql;
		sql--;					/* it is the character after the name */
	}
	return NULL;
}

/*
 * Does the query compare the columns of the foreign key, in their order?
 */
static bool
compares_columns(const char *sql, const ForeignKeyCacheInfo *fk)
{
	char		name[NAMEDATALEN];

	for (int i = 0; i < fk->nkeys; i++)
	{
		char	   *column = get_attname(fk->conrelid, fk->conkey[i], true);

		sql = next_column(sql, name);
		if (sql == NULL || column == NULL || strcmp(name, column) != 0)
			return false;
	}
	return next_column(sql, name) == NULL;
}

/*
 * What an UPDATE of ri_triggers.c assigns: '$' the new key, 'N'ULL or
 * 'D'EFAULT.
 */
static char
assigned_value(const char *sql)
{
	bool		quoted = false;

	for (; *sql != '\0'; sql++)
	{
		if (*sql == '"')
			quoted = !quoted;
		else if (*sql == '=' && !quoted)
			return sql[1] == ' ' ? sql[2] : '\0';
	}
	return '\0';
}

/*
 * What happened to the row that a query of ri_triggers.c follows; CMD_UNKNOWN
 * if it could be either.
 */
CmdType
hooks_key_event(const char *sql, CmdType operation)
{
	if (operation == CMD_UPDATE)
		return assigned_value(sql) == '$' ? CMD_UPDATE : CMD_UNKNOWN;
	return operation;
}

/*
 * Does the foreign key, as it was declared, have such an action on the table?
 */
static bool
acts_like(Form_pg_constraint fk, Oid relid, const char *sql,
		  CmdType operation)
{
	if (fk->conrelid != relid)
		return false;
	if (operation == CMD_DELETE)
		return fk->confdeltype == FKCONSTR_ACTION_CASCADE;
	switch (assigned_value(sql))
	{
		case '$':
			return fk->confupdtype == FKCONSTR_ACTION_CASCADE;
		case 'N':
			return fk->confdeltype == FKCONSTR_ACTION_SETNULL ||
				fk->confupdtype == FKCONSTR_ACTION_SETNULL;
		default:
			return fk->confdeltype == FKCONSTR_ACTION_SETDEFAULT ||
				fk->confupdtype == FKCONSTR_ACTION_SETDEFAULT;
	}
}

/*
 * The foreign key that was declared, on the tables as a whole, if this one was
 * made for partitions of them and the action is one of it; else InvalidOid.
 */
static Oid
declared_constraint(Oid constraint, Oid relid, const char *sql,
					CmdType operation)
{
	while (OidIsValid(constraint))
	{
		HeapTuple	tuple =
			SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
		Form_pg_constraint form;
		Oid			above;
		bool		alike;

		if (!HeapTupleIsValid(tuple))
			return InvalidOid;
		form = (Form_pg_constraint) GETSTRUCT(tuple);
		above = form->conparentid;
		alike = acts_like(form, relid, sql, operation);
		ReleaseSysCache(tuple);
		if (!OidIsValid(above))
			return alike ? constraint : InvalidOid;
		constraint = above;
	}
	return InvalidOid;
}

/*
 * The foreign key whose action the query is, as it was declared.  InvalidOid
 * if that cannot be told, as several have the same columns, refer to the same
 * table, the parent, and do the same; that is InvalidOid if it is not known.
 */
Oid
hooks_key_of_query(const HookKeys *keys, const char *sql, CmdType operation,
				   Oid parent)
{
	List	   *candidates = keys->all;
	Oid			found = InvalidOid;
	ListCell   *lc;

	Assert(keys != NULL);
	if (OidIsValid(parent))
	{
		char		name[NAMEDATALEN];
		KeyPlace	place = {parent, InvalidAttrNumber};
		KeyGroup   *group = NULL;

		if (next_column(sql, name) != NULL)
			place.column = get_attnum(keys->relid, name);
		if (place.column != InvalidAttrNumber)
			group = groups_lookup(keys->groups, place);
		candidates = group != NULL ? group->keys : NIL;
	}
	foreach(lc, candidates)
	{
		ForeignKeyCacheInfo *fk = lfirst(lc);
		Oid			declared;

		if (!compares_columns(sql, fk))
			continue;
		declared =
			declared_constraint(fk->conoid, keys->relid, sql, operation);
		if (!OidIsValid(declared) || declared == found)
			continue;
		if (OidIsValid(found))
			return InvalidOid;
		found = declared;
	}
	return found;
}
