/*
 * place.c
 *		Where something is in the database: quoted names, and fields of errors.
 *
 * Names are quoted where SQL needs it, and only there, whatever
 * quote_all_identifiers is: callbacks compare them, and the caller can set it.
 *
 * Clients, ORMs among them, read the schema, table and constraint of an error
 * from fields of their own; messages are for people.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "base/place.h"
#include "base/settings.h"

/*
 * A qualified name, quoted as SQL needs it.  palloc'd.
 */
char *
hooks_place_name(const char *schema, const char *name)
{
	int			level;
	char	   *quoted;

	if (!quote_all_identifiers)
		return quote_qualified_identifier(schema, name);
	level = hooks_settings_quote_plainly();
	quoted = quote_qualified_identifier(schema, name);
	AtEOXact_GUC(true, level);
	return quoted;
}

/*
 * The same of a relation.
 */
char *
hooks_place_quoted(Oid relation)
{
	char	   *schema = get_namespace_name(get_rel_namespace(relation));

	return hooks_place_name(schema, get_rel_name(relation));
}

static void
set_field(int field, const char *name)
{
	if (name != NULL)
		err_generic_string(field, name);
}

/*
 * For ereport(), as errtable() and errtableconstraint() are: sets the fields,
 * as far as they are known.  InvalidOid: not known.
 */
int
hooks_place(Oid relation, Oid constraint)
{
	if (OidIsValid(relation))
	{
		set_field(PG_DIAG_SCHEMA_NAME,
				  get_namespace_name(get_rel_namespace(relation)));
		set_field(PG_DIAG_TABLE_NAME, get_rel_name(relation));
	}
	if (OidIsValid(constraint))
		set_field(PG_DIAG_CONSTRAINT_NAME, get_constraint_name(constraint));
	return 0;					/* return value does not matter */
}
