/*
 * own.c
 *		The extension's own tables, sequences, indexes, functions and schemas.
 *
 * Whoever may create a schema can call it "hooks" in a database where the
 * extension is not installed, and the library may be loaded there all the
 * same.  So a name proves nothing: an object is ours if pg_depend says that it
 * is a member of the extension "hooks".  Only a superuser can make it one.
 *
 * The members are cached by OID in the session, tables and sequences by name,
 * too.  An entry goes with the catalog row of its object, a name with any
 * change of a table or schema.  That something is not a member is never
 * cached, as it may become one: while the extension is created, or when
 * pg_upgrade restores it.  ALTER EXTENSION ...  DROP, for superusers, sends no
 * message: it counts in new sessions.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/own.h"

#define EXTENSION "hooks"

typedef struct Member
{
	Oid			classid;
	Oid			objid;
	uint32		hash;			/* of its catalog row, as messages have it */
} Member;

/*
 * Objects that are known to be members, with room for all that are asked for.
 * Filled by hooks_own_is_member(), emptied by object_changed().
 */
static Member members[32];
static int	nmembers = 0;

/* A table or sequence of ours by its name */
typedef struct NamedMember
{
	NameData	name;
	char		relkind;
	Oid			relid;
} NamedMember;

/*
 * Those that were asked for last.  Filled by hooks_own_find(), emptied by
 * object_changed().
 */
static NamedMember named[16];
static int	nnamed = 0;

/* counts messages, so that what was read while one came is not kept */
static uint64 changes = 0;

static void
object_changed(Datum arg, int cacheid, uint32 hash)
{
	int			kept = 0;

	changes++;
	if (DatumGetObjectId(arg) != ProcedureRelationId)
		nnamed = 0;
	for (int i = 0; i < nmembers; i++)
		if (members[i].classid != DatumGetObjectId(arg) ||
			(hash != 0 && members[i].hash != hash))
			members[kept++] = members[i];
	nmembers = kept;
}

/*
 * Listens to changes.  From _PG_init() only.
 */
void
hooks_own_init(void)
{
	CacheRegisterSyscacheCallback(RELOID, object_changed,
								  ObjectIdGetDatum(RelationRelationId));
	CacheRegisterSyscacheCallback(PROCOID, object_changed,
								  ObjectIdGetDatum(ProcedureRelationId));
	CacheRegisterSyscacheCallback(NAMESPACEOID, object_changed,
								  ObjectIdGetDatum(NamespaceRelationId));
}

/*
 * Is a relation, function or schema a member of the extension?
 */
bool
hooks_own_is_member(Oid classid, Oid objid)
{
	uint64		before = changes;
	Oid			extension;
	const char *name;

	Assert(classid == RelationRelationId || classid == ProcedureRelationId ||
		   classid == NamespaceRelationId);
	for (int i = 0; i < nmembers; i++)
		if (members[i].objid == objid && members[i].classid == classid)
			return true;

	extension = getExtensionOfObject(classid, objid);
	name = OidIsValid(extension) ? get_extension_name(extension) : NULL;
	if (name == NULL || strcmp(name, EXTENSION) != 0)
		return false;
	if (changes == before)
	{
		int			cache = classid == RelationRelationId ? RELOID :
			classid == ProcedureRelationId ? PROCOID : NAMESPACEOID;

		if (nmembers == lengthof(members))
			nmembers = 0;
		members[nmembers++] = (Member)
		{
			classid, objid,
				GetSysCacheHashValue1(cache, ObjectIdGetDatum(objid))
		};
	}
	return true;
}

/*
 * The OID of a table or sequence of ours; InvalidOid if there is none.
 */
Oid
hooks_own_find(const char *name, char relkind)
{
	uint64		before = changes;
	Oid			schema;
	Oid			relid;

	for (int i = 0; i < nnamed; i++)
		if (named[i].relkind == relkind &&
			strcmp(NameStr(named[i].name), name) == 0)
			return named[i].relid;

	schema = get_namespace_oid(EXTENSION, true);
	relid = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
	if (!OidIsValid(relid) || get_rel_relkind(relid) != relkind ||
		!hooks_own_is_member(RelationRelationId, relid))
		return InvalidOid;
	if (changes == before)
	{
		NamedMember *entry;

		if (nnamed == lengthof(named))
			nnamed = 0;
		entry = &named[nnamed++];
		namestrcpy(&entry->name, name);
		entry->relkind = relkind;
		entry->relid = relid;
	}
	return relid;
}

static void
report_damage(int code, const char *kind, const char *name)
{
	ereport(ERROR,
			(errcode(code),
			 errmsg("extension hooks has no %s \"%s\"", kind, name),
			 errhint("The extension hooks is damaged or of another version than its library.")));
}

static const char *
kind_word(char relkind)
{
	return relkind == RELKIND_SEQUENCE ? "sequence" : "table";
}

/*
 * The same, 42P01 if there is none.
 */
Oid
hooks_own_relation(const char *name, char relkind)
{
	Oid			relid = hooks_own_find(name, relkind);

	if (!OidIsValid(relid))
		report_damage(ERRCODE_UNDEFINED_TABLE, kind_word(relkind), name);
	return relid;
}

/*
 * The OID of a schema of ours, other than that of the extension itself;
 * InvalidOid if there is none.
 */
Oid
hooks_own_find_schema(const char *name)
{
	Oid			schema = get_namespace_oid(name, true);

	return OidIsValid(schema) &&
		hooks_own_is_member(NamespaceRelationId, schema) ? schema : InvalidOid;
}

/*
 * The same, 3F000 if there is none.
 */
Oid
hooks_own_schema(const char *name)
{
	Oid			schema = hooks_own_find_schema(name);

	if (!OidIsValid(schema))
		report_damage(ERRCODE_UNDEFINED_SCHEMA, "schema", name);
	return schema;
}

/*
 * Is it a C function that is a member of the extension?
 */
static bool
is_own_function(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	bool		own;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	own = form->prokind == PROKIND_FUNCTION && form->prolang == ClanguageId;
	ReleaseSysCache(tuple);
	return own && hooks_own_is_member(ProcedureRelationId, function);
}

/*
 * The OID of a function of ours: of one without arguments, or of one of the
 * two capture().  42883 if there is none.
 */
Oid
hooks_own_function(const char *name, int nargs)
{
	Oid			types[] = {OIDOID, TIDOID, TIDOID};
	oidvector  *arguments = buildoidvector(types, nargs);
	Oid			schema = get_namespace_oid(EXTENSION, true);
	Oid			function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
										   CStringGetDatum(name),
										   PointerGetDatum(arguments),
										   ObjectIdGetDatum(schema));

	Assert(nargs <= lengthof(types));
	if (!is_own_function(function))
		report_damage(ERRCODE_UNDEFINED_FUNCTION, "function", name);
	return function;
}

/*
 * Has a table the columns that the library reads and writes, and no others?
 */
bool
hooks_own_has_shape(const HookOwnTable *table, TupleDesc desc)
{
	if (desc->natts != table->natts)
		return false;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped || att->atttypid != table->columns[i].type ||
			(!att->attnotnull && !table->columns[i].nullable))
			return false;
	}
	return true;
}

/*
 * Opens a table or sequence of ours by its name alone.  Whoever waits for its
 * lock may find that another session has dropped the extension meanwhile:
 * 42P01; or has updated it, and another table has the name by now.  Who has
 * the lock of one of ours has all of them until the end of the transaction, or
 * until it lets go of the lock.
 */
Relation
hooks_own_open_named(const char *name, char relkind, LOCKMODE lockmode)
{
	Oid			relid = hooks_own_relation(name, relkind);
	Relation	rel;

	while ((rel = try_relation_open(relid, lockmode)) == NULL)
	{
		Oid			other = hooks_own_find(name, relkind);

		if (!OidIsValid(other) || other == relid)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_TABLE),
					 errmsg("extension hooks has no %s \"%s\" any more",
							kind_word(relkind), name),
					 errdetail("Another session has dropped it in this moment.")));
		relid = other;
	}
	return rel;
}

/*
 * Opens a table of ours, if it is there and nobody has a lock that is in the
 * way; else NULL.
 */
Relation
hooks_own_open_if_free(const char *name, LOCKMODE lockmode)
{
	Oid			relid = hooks_own_find(name, RELKIND_RELATION);
	Relation	rel;

	if (!OidIsValid(relid) || !ConditionalLockRelationOid(relid, lockmode))
		return NULL;
	rel = try_relation_open(relid, NoLock);
	if (rel == NULL)
		UnlockRelationOid(relid, lockmode);
	return rel;
}

/*
 * Opens a table of ours: 42P01 if there is none, 55000 if it has other
 * columns.
 */
Relation
hooks_own_open(const HookOwnTable *table, LOCKMODE lockmode)
{
	Relation	rel = hooks_own_open_named(table->name, RELKIND_RELATION,
										   lockmode);

	if (!hooks_own_has_shape(table, RelationGetDescr(rel)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension hooks is of another version than its library"),
				 errdetail("Table \"%s\" does not have the columns that the library expects.",
						   table->name),
				 errhint("ALTER EXTENSION hooks UPDATE; or install the library of its version.")));
	return rel;
}

static bool
is_btree(Oid index)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
	bool		btree = false;

	if (HeapTupleIsValid(tuple))
	{
		btree = ((Form_pg_class) GETSTRUCT(tuple))->relam == BTREE_AM_OID;
		ReleaseSysCache(tuple);
	}
	return btree;
}

/*
 * The index of that name on a table of ours, if it can be used to look for
 * values of the column; else InvalidOid.  Indexes are no members of
 * extensions.
 */
Oid
hooks_own_find_index(Relation table, const char *name, AttrNumber column)
{
	Oid			index = get_relname_relid(name, RelationGetNamespace(table));
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	Form_pg_index form;
	bool		usable;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	form = (Form_pg_index) GETSTRUCT(tuple);
	usable = form->indrelid == RelationGetRelid(table) && form->indisvalid &&
		form->indkey.values[0] == column &&
		heap_attisnull(tuple, Anum_pg_index_indpred, NULL) &&
		is_btree(index);
	ReleaseSysCache(tuple);
	return usable ? index : InvalidOid;
}

/*
 * Opens it; 42704 if there is none.
 */
Relation
hooks_own_open_index(Relation table, const char *name, AttrNumber column)
{
	Oid			index = hooks_own_find_index(table, name, column);

	if (!OidIsValid(index))
		report_damage(ERRCODE_UNDEFINED_OBJECT, "index", name);
	return index_open(index, AccessShareLock);
}
