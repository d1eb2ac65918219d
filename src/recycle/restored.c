/*
 * restored.c
 *		Reads kept rows, to put them back: into a tuplestore for each format.
 *
 * Values are parsed as the owner of their table, which may have other columns
 * by now; the caller must have the right to write them.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "base/identity.h"
#include "base/rights.h"
#include "recycle/restored.h"
#include "recycle/rowtext.h"
#include "recycle/rules.h"

/*
 * Opens the table of kept rows, to write to it: 42P01 if it is gone, 42809 if
 * it is no table any more.
 */
static Relation
open_restored(const HookRestore *restore, const HookKeptFormat *format)
{
	Relation	rel = try_relation_open(format->relid, RowExclusiveLock);

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table %s of kept cascade %lld does not exist any more",
						format->name, (long long) restore->kept_id)));
	if (rel->rd_rel->relkind != RELKIND_RELATION &&
		rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table",
						RelationGetRelationName(rel))));
	return rel;
}

/*
 * 42501 unless the caller may write the rows, and read them: errors can show
 * kept values.
 */
static void
check_may_write(Relation rel, const HookRestored *table)
{
	Oid			relid = RelationGetRelid(rel);
	int			n = table->format.nchanged;
	int			old = table->format.nfields - 2 * n;
	AclMode		right = n == 0 ? ACL_INSERT : ACL_UPDATE;

	hooks_rights_check_read(relid);
	for (int i = n == 0 ? 0 : old; i < table->fields.n; i++)
		if (table->fields.attnums[i] != InvalidAttrNumber &&
			pg_class_aclcheck(relid, GetUserId(), right) != ACLCHECK_OK &&
			pg_attribute_aclcheck(relid, table->fields.attnums[i], GetUserId(),
								  right) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE,
						   RelationGetRelationName(rel));
}

static HookKeptFormat
copy_format(const HookKeptFormat *format)
{
	HookKeptFormat copy = *format;

	copy.name = pstrdup(format->name);
	copy.columns = palloc(sizeof(int) * Max(copy.nfields, 1));
	memcpy(copy.columns, format->columns, sizeof(int) * copy.nfields);
	copy.shape.parts = palloc(sizeof(HookShapePart) * Max(copy.shape.n, 1));
	for (int i = 0; i < copy.shape.n; i++)
	{
		copy.shape.parts[i] = format->shape.parts[i];
		copy.shape.parts[i].name = pstrdup(format->shape.parts[i].name);
	}
	return copy;
}

static bool
same_format(const HookKeptFormat *a, const HookKeptFormat *b)
{
	return a->relid == b->relid && a->nchanged == b->nchanged &&
		a->original == b->original && hooks_shape_equal(&a->shape, &b->shape);
}

/*
 * The tables to which rows go that are put back into a table: itself, and its
 * partitions.  Rows of other children are put back into these.
 */
List *
hooks_restored_holders(Oid relid)
{
	return get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE ?
		find_all_inheritors(relid, AccessShareLock, NULL) :
		list_make1_oid(relid);
}

/*
 * 42501 unless the caller owns a table and all its partitions.  An owner could
 * disable the triggers as well.
 */
static void
check_owns(Relation rel)
{
	ListCell   *lc;

	foreach(lc, hooks_restored_holders(RelationGetRelid(rel)))
	{
		if (!hooks_class_ownercheck(lfirst_oid(lc), GetUserId()))
			aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE,
						   get_rel_name(lfirst_oid(lc)));
	}
}

/*
 * Does any of the changed columns still exist?
 */
static bool
has_changed_column(const HookRestored *table)
{
	int			n = table->format.nchanged;
	int			old = table->format.nfields - 2 * n;

	for (int i = old; i < old + n; i++)
	{
		if (table->fields.attnums[i] != InvalidAttrNumber)
			return true;
	}
	return false;
}

/*
 * Makes a HookRestored for rows of a format.
 */
static HookRestored *
add_restored(HookRestore *restore, const HookKeptFormat *format)
{
	HookRestored *table = palloc0(sizeof(HookRestored));
	Relation	rel = open_restored(restore, format);

	table->kept_id = restore->kept_id;
	table->format = copy_format(format);
	hooks_rules_check(rel, format->nchanged == 0 ? CMD_INSERT : CMD_UPDATE,
					  true);
	hooks_fields_match(&table->fields, rel, &table->format, restore->skip);
	check_may_write(rel, table);
	if (restore->quiet)
		check_owns(rel);
	table->vanished = format->nchanged > 0 && !has_changed_column(table);
	table->desc = CreateTemplateTupleDesc(format->nfields);
	for (int i = 0; i < format->nfields; i++)
	{
		AttrNumber	attnum = table->fields.attnums[i];

		TupleDescInitEntry(table->desc, i + 1, psprintf("k%d", i + 1),
						   table->fields.types[i], table->fields.typmods[i],
						   0);
		if (attnum == InvalidAttrNumber)
			continue;
		TupleDescInitEntryCollation(table->desc, i + 1,
									TupleDescAttr(RelationGetDescr(rel),
												  attnum - 1)->attcollation);
	}
	TupleDescFinalize(table->desc);
	table->store = tuplestore_begin_heap(false, false, work_mem);
	table->enr.md.name = psprintf("kept %d", list_length(restore->removed) +
								  list_length(restore->changed) + 1);
	table->enr.md.reliddesc = InvalidOid;
	table->enr.md.tupdesc = table->desc;
	table->enr.md.enrtype = ENR_NAMED_TUPLESTORE;
	table->enr.reldata = table->store;
	if (format->nchanged == 0)
		restore->removed = lappend(restore->removed, table);
	else
		restore->changed = lappend(restore->changed, table);
	relation_close(rel, NoLock);
	return table;
}

/*
 * The HookRestored for rows of a format, as they come from the current
 * cascade; NULL if there is none yet.
 */
static HookRestored *
find_restored(const HookRestore *restore, const HookKeptFormat *format)
{
	List	   *tables = format->nchanged == 0 ? restore->removed :
		restore->changed;

	for (int i = list_length(tables) - 1; i >= 0; i--)
	{
		HookRestored *table = list_nth(tables, i);

		if (format->nchanged > 0 && table->kept_id != restore->kept_id)
			break;
		if (same_format(&table->format, format))
			return table;
	}
	return NULL;
}

static void
add_context(void *arg)
{
	const HookRestore *restore = arg;

	if (restore->column != NULL)
		errcontext("kept value of column \"%s\" of table %s",
				   restore->column, restore->table);
}

/*
 * Reads a chunk into the tuplestore of its format.
 */
static void
restore_chunk(const HookKeptFormat *format, int rows, char *data, void *arg)
{
	HookRestore *restore = arg;
	HookRestored *table = find_restored(restore, format);
	Datum	   *values = palloc(sizeof(Datum) * Max(format->nfields, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(format->nfields, 1));
	HookIdentity before;

	if (table == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(restore->context);

		table = add_restored(restore, format);
		MemoryContextSwitchTo(old);
	}
	hooks_identity_stand_in(&before, format->relid, restore->caller);
	for (int row = 0; row < rows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		data = hooks_rowtext_next(data, table->fields.values, format->nfields);
		for (int i = 0; i < format->nfields; i++)
		{
			restore->column = hooks_kept_row_column(format, i)->name;
			restore->table = format->name;
			nulls[i] = table->fields.values[i] == NULL ||
				table->fields.attnums[i] == InvalidAttrNumber;
			values[i] = nulls[i] ? (Datum) 0 :
				hooks_fields_input(&table->fields, i);
		}
		restore->column = NULL;
		tuplestore_putvalues(table->store, table->desc, values, nulls);
	}
	hooks_identity_end(&before);
	table->rows += rows;
	table->enr.md.enrtuples = table->rows;
	if (format->nchanged == 0)
		restore->rows += rows;
}

/*
 * Reads all that was kept of a cascade, and forgets it.  It is marked as
 * restored first, so that code which runs here cannot restore it again.
 */
static void
read_entry(HookRestore *restore, const HookKeptEntry *entry)
{
	int64		rows = restore->rows;

	restore->kept_id = entry->kept_id;
	hooks_kept_set_restored(entry->kept_id);
	hooks_kept_row_read(entry->kept_id, restore_chunk, restore);
	rows = restore->rows - rows;
	if (rows != entry->rows)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("kept cascade %lld is not complete",
						(long long) entry->kept_id),
				 errdetail("Of %lld rows, %lld are kept.",
						   (long long) entry->rows, (long long) rows)));
	hooks_kept_row_forget(entry->kept_id);
}

/*
 * Reads all that was kept of some cascades, the last one first.
 */
void
hooks_restored_read(HookRestore *restore, List *entries)
{
	int			settings = hooks_rowtext_begin_settings();
	ErrorContextCallback context;
	ListCell   *lc;

	hooks_rowtext_set_path();
	context.callback = add_context;
	context.arg = restore;
	context.previous = error_context_stack;
	error_context_stack = &context;
	foreach(lc, entries)
	{
		read_entry(restore, lfirst(lc));
	}
	error_context_stack = context.previous;
	hooks_rowtext_end_settings(settings);
}
