/*
 * stamp.c
 *		The columns that hooks.touch() can set, and the hooks that it can be
 *		the callback of.
 *
 * register() asks here first, so that whoever misspells a column is told at
 * once; and touch() asks again when it is called, since columns are renamed,
 * dropped and changed later.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/own.h"
#include "registry/stamp.h"

/*
 * The number of a column that touch() can set, InvalidAttrNumber if the table
 * has none of that name; 42804 if its type is none of a time, 42P17 if it is
 * computed.
 *
 * A domain is refused: its constraints have been checked when a trigger can
 * change the row, and nothing checks them again.
 */
AttrNumber
hooks_stamp_find_column(Relation rel, const char *name)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);
	Form_pg_attribute att;

	if (attnum <= 0)
		return InvalidAttrNumber;
	att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	if (att->atttypid != TIMESTAMPTZOID && att->atttypid != TIMESTAMPOID &&
		att->atttypid != DATEOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("hooks.touch cannot set column \"%s\" of relation \"%s\"",
						name, RelationGetRelationName(rel)),
				 errdetail("It has type %s.", format_type_be(att->atttypid)),
				 errhint("The type must be timestamp with time zone, timestamp without time zone, or date.")));
	if (att->attgenerated != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("hooks.touch cannot set column \"%s\" of relation \"%s\"",
						name, RelationGetRelationName(rel)),
				 errdetail("It is a generated column.")));
	return attnum;
}

/*
 * Refuses a hook whose callback is hooks.touch, if that could not work: 42P17
 * for another phase, action or level, 22023 if no column is named, and for
 * each column what hooks_stamp_find_column() says, or 42703.
 *
 * rel is NULL for a wide hook, which leaves tables without the column alone.
 */
void
hooks_stamp_check(const Hook *hook, Relation rel)
{
	int			n;
	char	  **names;

	if (hook->callback != hooks_own_function("touch", 0))
		return;
	if (hook->phase != HOOK_BEFORE || hook->level != HOOK_ROW ||
		(hook->actions & ~(HOOK_INSERT | HOOK_UPDATE)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("hooks.touch is for phase \"before\" of the actions \"insert\" and \"update\" at level \"row\" only")));
	names = hooks_hook_strings(hook->arguments, &n);
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("hooks.touch needs the name of a column"),
				 errhint("Pass it as arguments => '{updated_at}'.")));
	for (int i = 0; i < n && rel != NULL; i++)
		if (hooks_stamp_find_column(rel, names[i]) == InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							names[i], RelationGetRelationName(rel))));
}
