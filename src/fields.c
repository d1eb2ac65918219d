/*
 * fields.c
 *		From kept text to values of a table's columns.
 *
 * The table may have changed since the rows were kept.  Columns are found by
 * their names, and have to be of the same type; other columns may have come.
 */
#include "postgres.h"

#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "fields.h"

/*
 * Finds the column of a field: 42703 if it is gone, 42804 if it is of another
 * type than when the row was kept, 428C9 if PostgreSQL computes it now.
 */
static AttrNumber
find_column(Relation rel, const char *name, const char *type)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);
	Form_pg_attribute att;
	const char *now;

	if (attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist any more",
						name, RelationGetRelationName(rel)),
				 errdetail("The kept rows have values of type %s for it.", type)));
	att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	now = hooks_kept_type_name(att->atttypid, att->atttypmod);
	if (strcmp(now, type) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of table \"%s\" is of another type than when its rows were kept",
						name, RelationGetRelationName(rel)),
				 errdetail("It was %s and is %s.", type, now)));
	if (att->attgenerated != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_GENERATED_ALWAYS),
				 errmsg("column \"%s\" of table \"%s\" is a generated column, and was none when its rows were kept",
						name, RelationGetRelationName(rel))));
	return attnum;
}

/*
 * Finds the columns of a format in its table, as it is now.  In the current
 * memory context.  Errors of find_column().
 */
void
hooks_fields_match(HookFields *fields, Relation rel, const HookKeptFormat *format)
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
		AttrNumber	attnum = find_column(rel, format->columns[i], format->types[i]);
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
		Oid			input;

		fields->attnums[i] = attnum;
		fields->typmods[i] = att->atttypmod;
		/* the constraints of a domain are for the INSERT to look at */
		fields->types[i] = getBaseTypeAndTypmod(att->atttypid, &fields->typmods[i]);
		getTypeInputInfo(fields->types[i], &input, &fields->ioparams[i]);
		fmgr_info_cxt(input, &fields->input[i], CurrentMemoryContext);
	}
}

/*
 * The value of a field of the row in hand, which is not null.
 */
Datum
hooks_fields_input(HookFields *fields, int i)
{
	return InputFunctionCall(&fields->input[i], fields->values[i],
							 fields->ioparams[i], fields->typmods[i]);
}
