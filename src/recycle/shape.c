/*
 * shape.c
 *		Columns, and what their types are made of.
 *
 * A kept value can be read only while the type of its column is the same.  The
 * name or OID of the type does not show that: a composite type can get other
 * attributes, and an enum other labels.  A shape lists all of them:
 *
 *		column, what is inside of it, column, ...
 *
 * Inside of a composite are its attributes, each with what is inside of it.
 * Inside of an enum are its labels, inside of a domain or range the type
 * beneath, and inside of an array what is inside of its elements.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "recycle/shape.h"

static void
append_part(HookShape *shape, const char *name, AttrNumber number, Oid type,
			int32 typmod)
{
	HookShapePart *part;

	if (shape->parts == NULL)
	{
		shape->size = 16;
		shape->parts = palloc(sizeof(HookShapePart) * shape->size);
	}
	else if (shape->n == shape->size)
	{
		shape->size *= 2;
		shape->parts =
			repalloc(shape->parts, sizeof(HookShapePart) * shape->size);
	}
	part = &shape->parts[shape->n++];
	part->name = pstrdup(name);
	part->number = number;
	part->type = type;
	part->typmod = typmod;
}

/*
 * Adds the labels of an enum, in their order.
 */
static void
add_labels(HookShape *shape, Oid type)
{
	Relation	rel = table_open(EnumRelationId, AccessShareLock);
	Relation	index = index_open(EnumTypIdSortOrderIndexId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_enum_enumtypid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(type));
	scan = systable_beginscan_ordered(rel, index, NULL, 1, &key);
	while ((tuple = systable_getnext_ordered(scan,
											 ForwardScanDirection)) != NULL)
		append_part(shape,
					NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel),
					0, InvalidOid, -1);
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(rel, AccessShareLock);
}

/*
 * Adds what is inside of a type.
 */
static void
add_inside(HookShape *shape, Oid type)
{
	Oid			element = get_element_type(type);
	char		kind = get_typtype(type);
	int32		typmod = -1;

	check_stack_depth();
	if (OidIsValid(element))
		add_inside(shape, element);
	else if (kind == TYPTYPE_DOMAIN)
	{
		Oid			base = getBaseTypeAndTypmod(type, &typmod);

		hooks_shape_add(shape, "", -1, base, typmod);
	}
	else if (kind == TYPTYPE_RANGE)
		hooks_shape_add(shape, "", -1, get_range_subtype(type), -1);
	else if (kind == TYPTYPE_MULTIRANGE)
		add_inside(shape, get_multirange_range(type));
	else if (kind == TYPTYPE_ENUM)
		add_labels(shape, type);
	else if (kind == TYPTYPE_COMPOSITE)
	{
		TupleDesc	desc = lookup_rowtype_tupdesc_copy(type, -1);

		for (int i = 0; i < desc->natts; i++)
		{
			Form_pg_attribute att = TupleDescAttr(desc, i);

			if (!att->attisdropped)
				hooks_shape_add(shape, NameStr(att->attname), -att->attnum,
								att->atttypid, att->atttypmod);
		}
	}
}

/*
 * Adds a column, or an attribute, with what is inside of its type.  In the
 * current memory context.
 */
void
hooks_shape_add(HookShape *shape, const char *name, AttrNumber number,
				Oid type, int32 typmod)
{
	append_part(shape, name, number, type, typmod);
	add_inside(shape, type);
}

/*
 * The column that follows a column, or the number of parts.
 */
int
hooks_shape_next(const HookShape *shape, int column)
{
	Assert(column >= 0 && column < shape->n);
	do
		column++;
	while (column < shape->n && shape->parts[column].number <= 0);
	return column;
}

bool
hooks_shape_equal(const HookShape *a, const HookShape *b)
{
	if (a->n != b->n)
		return false;
	for (int i = 0; i < a->n; i++)
		if (a->parts[i].number != b->parts[i].number ||
			a->parts[i].type != b->parts[i].type ||
			a->parts[i].typmod != b->parts[i].typmod ||
			strcmp(a->parts[i].name, b->parts[i].name) != 0)
			return false;
	return true;
}

/*
 * Is what was inside of a column's type the same as what is inside of it now?
 * The type as it is now is the first column of the other shape.  An enum may
 * have got more labels.
 *
 * In the original database, attributes are compared by number, as they may
 * have been renamed; otherwise by name.
 */
bool
hooks_shape_is_inside(const HookShape *kept, int column, const HookShape *now,
					  bool original)
{
	int			end = hooks_shape_next(kept, column++);

	Assert(now->n > 0);
	for (int i = 1; i < now->n; i++)
	{
		const HookShapePart *part = &now->parts[i];
		const HookShapePart *was = column < end ? &kept->parts[column] : NULL;

		if (was != NULL && was->type == part->type &&
			was->typmod == part->typmod &&
			(original && OidIsValid(part->type) ? was->number == part->number :
			 strcmp(was->name, part->name) == 0))
			column++;
		else if (OidIsValid(part->type))
			return false;
	}
	return column == end;
}

/*
 * The name of a type as people read it, the same under any search_path.
 */
char *
hooks_shape_type(const HookShapePart *part)
{
	if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(part->type)))
		return pstrdup("a type that does not exist any more");
	return format_type_extended(part->type, part->typmod,
								FORMAT_TYPE_TYPEMOD_GIVEN |
								FORMAT_TYPE_FORCE_QUALIFY);
}

/*
 * What is inside of a column's type, as people read it: "(a integer, b text)".
 */
char *
hooks_shape_inside(const HookShape *shape, int column)
{
	StringInfoData list;
	int			end = hooks_shape_next(shape, column);

	initStringInfo(&list);
	for (int i = column + 1; i < end; i++)
	{
		const HookShapePart *part = &shape->parts[i];

		appendStringInfoString(&list, i == column + 1 ? "(" : ", ");
		if (!OidIsValid(part->type))
			appendStringInfoString(&list, quote_literal_cstr(part->name));
		else
			appendStringInfo(&list, "%s%s%s", part->name[0] == '\0' ? "" :
							 quote_identifier(part->name),
							 part->name[0] == '\0' ? "" : " ",
							 hooks_shape_type(part));
	}
	appendStringInfoString(&list, end == column + 1 ? "()" : ")");
	return list.data;
}
