/*
 * show.c
 *		hooks.kept_rows(): the kept rows of a table, for users who may read it.
 */
#include "postgres.h"

#include "access/table.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/argument.h"
#include "base/result.h"
#include "base/identity.h"
#include "base/rights.h"
#include "recycle/fields.h"
#include "recycle/kept.h"
#include "recycle/rowtext.h"

/* What hooks.kept_rows() gives */
typedef struct Show
{
	Relation	rel;
	Tuplestorestate *result;
	TupleDesc	desc;
} Show;

static void
show_chunk(const HookKeptFormat *format, int rows, char *data, void *arg)
{
	Show	   *show = arg;
	HookFields	fields;
	HookIdentity before;
	Datum	   *values = palloc0(sizeof(Datum) * Max(show->desc->natts, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(show->desc->natts, 1));

	if (format->relid != RelationGetRelid(show->rel) || format->nchanged > 0)
		return;
	hooks_fields_match(&fields, show->rel, format, true);
	/* reading text may run what the owner wrote: a domain's CHECK */
	hooks_identity_become_owner(&before, format->relid);
	memset(nulls, true, sizeof(bool) * show->desc->natts);
	for (int row = 0; row < rows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		data = hooks_rowtext_next(data, fields.values, format->nfields);
		for (int i = 0; i < format->nfields; i++)
		{
			AttrNumber	attnum = fields.attnums[i];

			if (attnum == InvalidAttrNumber)
				continue;
			nulls[attnum - 1] = fields.values[i] == NULL;
			if (!nulls[attnum - 1])
				values[attnum - 1] = hooks_fields_input(&fields, i);
		}
		tuplestore_putvalues(show->result, show->desc, values, nulls);
	}
	hooks_identity_end(&before);
}

PG_FUNCTION_INFO_V1(hooks_kept_rows);

/*
 * hooks.kept_rows(kept_id bigint, table anyelement) returns setof anyelement
 *
 * The removed rows of a table, given by its row type, that were kept;
 * generated columns are NULL, columns that are gone are left out.  42809 if it
 * is no table, 55000 if the rows were restored; errors of hooks_kept_get(),
 * hooks_rights_check_read() and of the columns.
 */
Datum
hooks_kept_rows(PG_FUNCTION_ARGS)
{
	Oid			relid =
		hooks_result_table(fcinfo, 1, "hooks.kept_rows(1, NULL::some_table)");
	Show		show;
	HookKeptEntry entry;
	int			settings;

	hooks_argument_require(fcinfo, 0);
	hooks_rights_check_read(relid);
	show.result = hooks_result_begin(fcinfo, &show.desc);
	show.rel = table_open(relid, AccessShareLock);
	hooks_kept_get(&entry, PG_GETARG_INT64(0), AccessShareLock);
	if (entry.restored)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("kept cascade %lld was restored already",
						(long long) entry.kept_id),
				 errdetail("Its rows were put back at %s.",
						   timestamptz_to_str(entry.restored_at))));
	settings = hooks_rowtext_begin_settings();
	hooks_rowtext_set_path();
	hooks_kept_row_read(PG_GETARG_INT64(0), show_chunk, &show);
	hooks_rowtext_end_settings(settings);
	table_close(show.rel, NoLock);
	return (Datum) 0;
}
