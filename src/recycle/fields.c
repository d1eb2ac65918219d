/*
 * fields.c
 *		From kept text to values of a table's columns.
 *
 * The table may have changed since the rows were kept.  In the database where
 * they were kept, columns are found by their numbers, as a view finds them: a
 * renamed column is still the same.  In a database made from a dump, numbers
 * and OIDs differ, so columns are found by their names, which must be in the
 * same order.  Types must be the same, inside too.  New columns do not matter.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "recycle/fields.h"
#include "recycle/rowtext.h"

/*
 * Does the column's new type hold all values of the old one, and write them in
 * the same way?
 */
static bool
is_widened(const HookShapePart *kept, Form_pg_attribute att)
{
	int32		was = kept->typmod;
	int32		is = att->atttypmod;

	switch (kept->type)
	{
		case INT2OID:
			if (att->atttypid == INT4OID)
				return true;
			pg_fallthrough;
		case INT4OID:
			if (att->atttypid == INT8OID && kept->type != INT8OID)
				return true;
			pg_fallthrough;
		case INT8OID:
			return att->atttypid == NUMERICOID && is == -1;
		case VARCHAROID:
			if (att->atttypid == TEXTOID)
				return true;
			return att->atttypid == VARCHAROID &&
				(is == -1 || (was != -1 && is >= was));
		case NUMERICOID:
			/* of the same scale, which is the lower half */
			return att->atttypid == NUMERICOID &&
				(is == -1 || (was != -1 && is >= was &&
							  (((is - VARHDRSZ) ^ (was - VARHDRSZ)) &
							   0xFFFF) == 0));
		default:
			return false;
	}
}

/*
 * Finds the column of a field: 42703 if it is gone, 42804 if it is of another
 * type than when the row was kept, 428C9 if PostgreSQL computes it now.
 */
static AttrNumber
find_column(Relation rel, const HookKeptFormat *format, int field, bool skip)
{
	const HookShapePart *kept = hooks_kept_row_column(format, field);
	AttrNumber	attnum = format->original ? kept->number :
		get_attnum(RelationGetRelid(rel), kept->name);
	Form_pg_attribute att = NULL;
	HookShape	now = {0};
	bool		widened;

	if (attnum > 0 && attnum <= RelationGetNumberOfAttributes(rel))
		att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	if (skip && (att == NULL || att->attisdropped))
		return InvalidAttrNumber;
	if (att == NULL || att->attisdropped)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist any more",
						kept->name, RelationGetRelationName(rel)),
				 errdetail("The kept rows have values of type %s for it.",
						   hooks_shape_type(kept)),
				 get_attnum(RelationGetRelid(rel), kept->name) ==
				 InvalidAttrNumber ? 0 :
				 errhint("The column that has its name now is another one.")));
	hooks_shape_add(&now, NameStr(att->attname), attnum, att->atttypid,
					att->atttypmod);
	widened = is_widened(kept, att);
	if (!widened &&
		(kept->type != att->atttypid || kept->typmod != att->atttypmod))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of table \"%s\" is of another type than when its rows were kept",
						NameStr(att->attname), RelationGetRelationName(rel)),
				 errdetail("It was %s and is %s.", hooks_shape_type(kept),
						   hooks_shape_type(now.parts))));
	if (!widened &&
		!hooks_shape_is_inside(&format->shape, format->columns[field], &now,
							   format->original))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the type of column \"%s\" of table \"%s\" has changed since its rows were kept",
						NameStr(att->attname), RelationGetRelationName(rel)),
				 errdetail("%s was %s and is %s.", hooks_shape_type(kept),
						   hooks_shape_inside(&format->shape,
											  format->columns[field]),
						   hooks_shape_inside(&now, 0))));
	if (att->attgenerated != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_GENERATED_ALWAYS),
				 errmsg("column \"%s\" of table \"%s\" is a generated column, and was none when its rows were kept",
						NameStr(att->attname), RelationGetRelationName(rel))));
	return attnum;
}

/*
 * Are columns that were found by their names in the same order as when the
 * rows were kept?  If they are not, some may have changed their names: 42703.
 */
static void
check_order(const HookFields *fields, Relation rel,
			const HookKeptFormat *format)
{
	for (int i = 0; i < fields->n; i++)
		for (int j = 0; j < i; j++)
		{
			const HookShapePart *one = hooks_kept_row_column(format, j);
			const HookShapePart *other = hooks_kept_row_column(format, i);

			if (fields->attnums[j] == InvalidAttrNumber ||
				fields->attnums[i] == InvalidAttrNumber)
				continue;
			if ((one->number < other->number) !=
				(fields->attnums[j] < fields->attnums[i]))
				ereport(ERROR,
						(errcode(ERRCODE_UNDEFINED_COLUMN),
						 errmsg("columns \"%s\" and \"%s\" of table \"%s\" are in another order than when its rows were kept",
								one->name, other->name,
								RelationGetRelationName(rel)),
						 errdetail("They may have changed their names.")));
		}
}

/*
 * Finds the columns of a format in its table, as it is now.  In the current
 * memory context.  Errors of find_column() and check_order().  skip: fields
 * whose column is gone are left out.
 */
void
hooks_fields_match(HookFields *fields, Relation rel,
				   const HookKeptFormat *format, bool skip)
{
	int			n = Max(format->nfields, 1);

	fields->n = format->nfields;
	fields->attnums = palloc(sizeof(AttrNumber) * n);
	fields->input = palloc(sizeof(FmgrInfo) * n);
	fields->ioparams = palloc(sizeof(Oid) * n);
	fields->types = palloc(sizeof(Oid) * n);
	fields->typmods = palloc(sizeof(int32) * n);
	fields->values = palloc(sizeof(char *) * n);
	for (int i = 0; i < format->nfields; i++)
	{
		AttrNumber	attnum = find_column(rel, format, i, skip);
		Form_pg_attribute att;

		fields->attnums[i] = attnum;
		fields->types[i] = TEXTOID;
		fields->typmods[i] = -1;
		if (attnum == InvalidAttrNumber)
			continue;
		att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
		fields->typmods[i] = att->atttypmod;
		/* the INSERT checks the constraints of a domain */
		fields->types[i] =
			getBaseTypeAndTypmod(att->atttypid, &fields->typmods[i]);
		fmgr_info_cxt(hooks_rowtext_input(fields->types[i],
										  &fields->ioparams[i]),
					  &fields->input[i], CurrentMemoryContext);
	}
	if (!format->original)
		check_order(fields, rel, format);
}

/*
 * The value of a field of the current row, which must not be null.
 */
Datum
hooks_fields_input(HookFields *fields, int i)
{
	Assert(i < fields->n && fields->values[i] != NULL);
	return InputFunctionCall(&fields->input[i], fields->values[i],
							 fields->ioparams[i], fields->typmods[i]);
}

/*
 * Puts the values of a row of fields where the columns of their table are;
 * other columns are NULL.  They are valid as long as the first slot is.  The
 * caller completes the row and stores it.
 */
void
hooks_fields_place(const HookFields *fields, TupleTableSlot *kept,
				   TupleTableSlot *row)
{
	slot_getallattrs(kept);
	ExecClearTuple(row);
	memset(row->tts_isnull, true,
		   sizeof(bool) * row->tts_tupleDescriptor->natts);
	for (int i = 0; i < fields->n; i++)
	{
		AttrNumber	attnum = fields->attnums[i];

		if (attnum == InvalidAttrNumber)
			continue;
		row->tts_values[attnum - 1] = kept->tts_values[i];
		row->tts_isnull[attnum - 1] = kept->tts_isnull[i];
	}
}
