/*
 * place.c
 *		Where something is in the database: quoted names, and fields of errors.
 *
 * Clients, ORMs among them, read the schema, table and constraint of an error
 * from fields of their own; messages are for people.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/place.h"

/*
 * The qualified name of a relation, quoted as SQL needs it.
 */
char *
hooks_place_quoted(Oid relation)
{
	char	   *schema = get_namespace_name(get_rel_namespace(relation));

	return quote_qualified_identifier(schema, get_rel_name(relation));
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
