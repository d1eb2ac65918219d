/*
 * path.c
 *		The search_path that a callback runs under.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "base/own.h"
#include "base/rights.h"
#include "base/settings.h"
#include "registry/path.h"

/*
 * The search_path that names in a callback will be looked up under: the
 * schemas that the caller's path means now.  One that is made later, of a name
 * in the path, does not get into it; pg_temp stands for the temporary schema
 * of each session.
 */
char *
hooks_path_current(void)
{
	List	   *names;
	List	   *schemas = NIL;
	StringInfoData path;
	int			guc_level = hooks_settings_quote_plainly();
	ListCell   *lc;

	initStringInfo(&path);
	if (!SplitIdentifierString(pstrdup(namespace_search_path), ',', &names))
		elog(ERROR, "invalid search_path: %s", namespace_search_path);
	foreach(lc, names)
	{
		const char *name = lfirst(lc);
		Oid			schema;

		if (strcmp(name, "$user") == 0)
			name = GetUserNameFromId(GetUserId(), false);
		schema = get_namespace_oid(name, true);
		if (strcmp(name, "pg_temp") != 0 &&
			(!OidIsValid(schema) || isAnyTempNamespace(schema) ||
			 list_member_oid(schemas, schema) ||
			 hooks_namespace_aclcheck(schema, GetUserId(),
									  ACL_USAGE) != ACLCHECK_OK))
			continue;
		schemas = lappend_oid(schemas, schema);
		appendStringInfo(&path, "%s%s", path.len > 0 ? ", " : "",
						 quote_identifier(name));
	}
	AtEOXact_GUC(false, guc_level);
	return path.data;
}

/*
 * A search_path in which temporary objects come last, unless it says where
 * they come: otherwise they come first, and what a session has made would
 * stand in for what is meant.
 */
char *
hooks_path_temporary_last(const char *search_path)
{
	List	   *names;
	ListCell   *lc;

	if (search_path[0] == '\0')
		return pstrdup("pg_temp");
	if (SplitIdentifierString(pstrdup(search_path), ',', &names))
		foreach(lc, names)
	{
		if (strcmp(lfirst(lc), "pg_temp") == 0)
			return pstrdup(search_path);
	}
	return psprintf("%s, pg_temp", search_path);
}

/*
 * A search_path as a command has it.  The owner of a check can have set it to
 * whatever splits into names: "a;b" is one, without quotes.
 */
char *
hooks_path_quoted(const char *search_path)
{
	List	   *names;
	StringInfoData path;
	ListCell   *lc;

	initStringInfo(&path);
	if (!SplitIdentifierString(pstrdup(search_path), ',', &names))
		names = NIL;
	foreach(lc, names)
	{
		const char *name = lfirst(lc);

		appendStringInfo(&path, "%s%s", path.len > 0 ? ", " : "",
						 name[0] == '\0' ? "''" : quote_identifier(name));
	}
	return path.len > 0 ? path.data : pstrdup("''");
}

/*
 * Can a role that is no superuser create objects in the schema?
 */
static bool
others_may_create(Oid schema)
{
	HeapTuple	tuple =
		SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	Oid			owner;
	bool		isnull;
	Datum		value;
	bool		found;

	if (!HeapTupleIsValid(tuple))
		return false;
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	if (owner == ROLE_PG_DATABASE_OWNER)
		owner = hooks_rights_database_owner();
	found = !superuser_arg(owner);
	value =
		SysCacheGetAttr(NAMESPACEOID, tuple, Anum_pg_namespace_nspacl,
						&isnull);
	if (!isnull)
	{
		Acl		   *acl = DatumGetAclP(value);

		for (int i = 0; i < ACL_NUM(acl); i++)
		{
			AclItem    *item = &ACL_DAT(acl)[i];

			found |= (ACLITEM_GET_PRIVS(*item) & ACL_CREATE) != 0 &&
				item->ai_grantee != ROLE_PG_DATABASE_OWNER &&
				(item->ai_grantee == ACL_ID_PUBLIC ||
				 !superuser_arg(item->ai_grantee));
		}
	}
	ReleaseSysCache(tuple);
	return found;
}

/*
 * Tells of schemas in the path of a superuser's hook or check in which others
 * may put something that its callback then takes for something else.  Those of
 * ours look nothing up.
 */
void
hooks_path_tell(const char *kind, const char *name, Oid owner, Oid callback,
				const char *search_path)
{
	List	   *names;
	ListCell   *lc;

	if (!superuser_arg(owner) ||
		hooks_own_is_member(ProcedureRelationId, callback) ||
		!SplitIdentifierString(pstrdup(search_path), ',', &names))
		return;
	foreach(lc, names)
	{
		if (others_may_create(get_namespace_oid(lfirst(lc), true)))
			ereport(NOTICE,
					(errmsg("search_path of %s \"%s\" has schema \"%s\", in which roles that are no superusers may create objects",
							kind, name, (char *) lfirst(lc)),
					 errdetail("The callback runs as a superuser, and looks up names there."),
					 errhint("Set a safe search_path before you register the %s, or in the callback.",
							 kind)));
	}
}

/*
 * Tells who registers a hook or check that is there already that it keeps the
 * path that it has.
 */
void
hooks_path_tell_kept(const char *kind, const char *name,
					 const char *search_path)
{
	ereport(NOTICE,
			(errmsg("%s \"%s\" keeps its search_path: %s", kind, name,
					hooks_path_quoted(search_path)),
			 errhint("Pass replace => true to have it run under the present one.")));
}
