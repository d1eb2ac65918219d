/*
 * orphan.c
 *		The orphan guard: a BEFORE ROW hook must not get in the way of a
 *		foreign key's action.
 *
 * PostgreSQL does not look whether a referential action reached its row.  A
 * hook that skips the row, or puts back what the action assigned, would leave
 * it referring to a row that is gone.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "utils/datum.h"

#include "base/place.h"
#include "base/settings.h"
#include "firing/orphan.h"
#include "firing/statement.h"

/*
 * KH004: a referential action has to have its way with the row, and PostgreSQL
 * itself does not look whether it had.
 */
void
hooks_orphan_report(const char *hook, Relation rel, bool skipped)
{
	const HookStatement *statement = hooks_statement;
	Oid			constraint = InvalidOid;

	Assert(hooks_statement_in_referential_action());
	if (statement != NULL && statement->referential)
		constraint = hooks_origin_constraint(statement->action);
	ereport(ERROR,
			(errcode(ERRCODE_HOOK_ORPHAN),
			 skipped ?
			 errmsg("hook \"%s\" skips a row of \"%s\" that a foreign key's action has to change or remove",
					hook, RelationGetRelationName(rel)) :
			 errmsg("hook \"%s\" undoes the change of a row of \"%s\" by a foreign key's action",
					hook, RelationGetRelationName(rel)),
			 errdetail("The row would refer to a row that is gone."),
			 errhint("Let the row pass, or veto the statement with hooks.cancel()."),
			 hooks_place(RelationGetRelid(rel), constraint)));
}

/*
 * Has a column that the referential action assigned another value now?
 */
bool
hooks_orphan_undoes(TupleDesc desc, const Bitmapset *assigned,
					HeapTuple before, HeapTuple after)
{
	int			x = -1;

	while ((x = bms_next_member(assigned, x)) >= 0)
	{
		AttrNumber	attnum = x + FirstLowInvalidHeapAttributeNumber;
		bool		isnull[2];
		Datum		value[2];
		Form_pg_attribute attr;

		if (attnum <= 0)
			continue;
		attr = TupleDescAttr(desc, attnum - 1);
		if (attr->attgenerated)
			continue;
		value[0] = heap_getattr(before, attnum, desc, &isnull[0]);
		value[1] = heap_getattr(after, attnum, desc, &isnull[1]);
		if (isnull[0] != isnull[1] ||
			(!isnull[0] && !datum_image_eq(value[0], value[1],
										   attr->attbyval, attr->attlen)))
			return true;
	}
	return false;
}
