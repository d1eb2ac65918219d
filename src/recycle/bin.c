/*
 * bin.c
 *		Which recycle bin this is.
 *
 * The column numbers of a kept row are valid as long as its table and types
 * are the same objects as when it was kept.  pg_restore makes new objects of
 * the same names, and old rows of the bin may be loaded into a database whose
 * tables were made anew.  What copies or moves files (pg_upgrade, CREATE
 * DATABASE ... TEMPLATE, VACUUM FULL, pg_repack) changes nothing.
 *
 * So each row of hooks.kept_row has a mark.  It consists of a random number,
 * which CREATE EXTENSION puts into a table that pg_dump leaves out, and the
 * OIDs of the table and the types as numbers.  In all other columns, pg_dump
 * writes such OIDs as names.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"

#include "base/own.h"
#include "recycle/bin.h"

static const HookOwnColumn bin_columns[] = {
	{UUIDOID, false},			/* bin_id */
};

static const HookOwnTable bin_table =
{"bin", lengthof(bin_columns), bin_columns};

/*
 * The text of the number of this bin.  55000 if somebody has removed it.
 */
static char *
read_number(void)
{
	Relation	bin = hooks_own_open(&bin_table, AccessShareLock);
	SysScanDesc scan =
		systable_beginscan(bin, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple = systable_getnext(scan);
	char	   *number;
	Datum		value;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table hooks.bin is empty"),
				 errhint("Insert gen_random_uuid().")));
	value = heap_getattr(tuple, 1, RelationGetDescr(bin), &isnull);
	number = DatumGetCString(DirectFunctionCall1(uuid_out, value));
	systable_endscan(scan);
	table_close(bin, AccessShareLock);
	return number;
}

/*
 * The mark for rows of a table with these columns that are kept now, in this
 * database.  palloc'd.
 */
char *
hooks_bin_mark(Oid relid, const HookShape *shape)
{
	StringInfoData mark;

	initStringInfo(&mark);
	appendStringInfo(&mark, "%s %u", read_number(), relid);
	for (int i = 0; i < shape->n; i++)
		if (OidIsValid(shape->parts[i].type))
			appendStringInfo(&mark, " %u", shape->parts[i].type);
	return mark.data;
}
