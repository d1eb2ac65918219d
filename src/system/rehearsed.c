/*
 * rehearsed.c
 *		What a rehearsed statement has done, as rows.
 *
 * Called after the rollback: a table that the statement made is gone, and has
 * no name any more.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "base/own.h"
#include "base/result.h"
#include "system/rehearsed.h"

/* What is told, in the order in which it happened */
typedef struct RehearsedRow
{
	uint64		place;
	const HookWritten *written; /* one of the two */
	const HookRehearsedFiring *firing;
} RehearsedRow;

static int
compare_rehearsed(const void *a, const void *b)
{
	const RehearsedRow *one = a;
	const RehearsedRow *other = b;

	return one->place < other->place ? -1 : one->place > other->place;
}

/*
 * Is a table none of users, but a catalog, one of ours, or of large values?
 * One that the statement itself made is gone, and counts.
 */
static bool
is_internal(Oid relid)
{
	return relid < FirstNormalObjectId ||
		get_rel_relkind(relid) == RELKIND_TOASTVALUE ||
		hooks_own_is_member(RelationRelationId, relid);
}

static const char *
outcome_of(const HookRehearsedFiring *noted)
{
	if (noted->pending)
		return "failed";
	switch (noted->ended.ending)
	{
		case HOOK_ENDED_FAILED:
			return "failed";
		case HOOK_ENDED_VETOED:
			return "vetoed";
		case HOOK_ENDED_LOGGED:
			return noted->undone ? "undone" : "queued";
		default:
			return noted->undone ? "undone" : "fired";
	}
}

enum
{
	REHEARSED_POSITION,
	REHEARSED_DEPTH,
	REHEARSED_KIND,
	REHEARSED_RELATION,
	REHEARSED_CONSTRAINT,
	REHEARSED_HOOK,
	REHEARSED_OUTCOME,
	REHEARSED_ROWS,
	REHEARSED_DURATION,
	REHEARSED_MESSAGE,
	REHEARSED_COLUMNS
};

/*
 * Sets what all rows have; a depth of -1 is NULL, and so is a table or
 * constraint that is not there.
 */
static void
set_common(Datum *values, bool *nulls, int64 position, int depth,
		   const char *kind, Oid relation, Oid constraint,
		   const char *outcome)
{
	memset(nulls, true, REHEARSED_COLUMNS);
	nulls[REHEARSED_POSITION] = nulls[REHEARSED_KIND] =
		nulls[REHEARSED_OUTCOME] = false;
	values[REHEARSED_POSITION] = Int64GetDatum(position);
	nulls[REHEARSED_DEPTH] = depth < 0;
	values[REHEARSED_DEPTH] = Int32GetDatum(depth);
	values[REHEARSED_KIND] = CStringGetTextDatum(kind);
	nulls[REHEARSED_RELATION] = get_rel_relkind(relation) == '\0';
	values[REHEARSED_RELATION] = ObjectIdGetDatum(relation);
	values[REHEARSED_CONSTRAINT] =
		hooks_result_name(OidIsValid(constraint) ?
						  get_constraint_name(constraint) : NULL,
						  &nulls[REHEARSED_CONSTRAINT]);
	values[REHEARSED_OUTCOME] = CStringGetTextDatum(outcome);
}

static void
set_firing(Datum *values, bool *nulls, const HookRehearsedFiring *noted)
{
	Interval   *duration = palloc0(sizeof(Interval));

	values[REHEARSED_HOOK] = CStringGetTextDatum(NameStr(noted->hook));
	nulls[REHEARSED_HOOK] = false;
	if (!noted->pending)
	{
		values[REHEARSED_ROWS] = Int64GetDatum(noted->ended.rows);
		nulls[REHEARSED_ROWS] = false;
		duration->time = (TimeOffset) (noted->ended.ms * 1000.0);
		values[REHEARSED_DURATION] = PointerGetDatum(duration);
		nulls[REHEARSED_DURATION] = false;
	}
	values[REHEARSED_MESSAGE] =
		hooks_result_text(noted->ended.message, &nulls[REHEARSED_MESSAGE]);
}

static void
set_error(Datum *values, bool *nulls, int64 position, const ErrorData *error)
{
	Oid			schema = error->schema_name == NULL ? InvalidOid :
		get_namespace_oid(error->schema_name, true);
	Oid			relation = error->table_name == NULL || !OidIsValid(schema) ?
		InvalidOid : get_relname_relid(error->table_name, schema);

	set_common(values, nulls, position, -1, "error", relation, InvalidOid,
			   "failed");
	values[REHEARSED_CONSTRAINT] =
		hooks_result_name(error->constraint_name,
						  &nulls[REHEARSED_CONSTRAINT]);
	values[REHEARSED_MESSAGE] =
		hooks_result_text(error->message, &nulls[REHEARSED_MESSAGE]);
}

/*
 * What has happened, sorted: an array and its length.
 */
static RehearsedRow *
collect(const HookRehearsal *self, Size *length)
{
	RehearsedRow *rows =
		palloc_extended(sizeof(RehearsedRow) *
						(self->nfirings +
						 hash_get_num_entries(self->writing.written) + 1),
						MCXT_ALLOC_HUGE);
	HASH_SEQ_STATUS status;
	HookWritten *written;
	Size		n = 0;

	hash_seq_init(&status, self->writing.written);
	while ((written = hash_seq_search(&status)) != NULL)
	{
		if (is_internal(written->key.relid))
			continue;
		rows[n].place = written->place;
		rows[n].firing = NULL;
		rows[n++].written = written;
	}
	for (Size i = 0; i < self->nfirings; i++)
	{
		const HookRehearsedFiring *noted = &self->firings[i];

		if (!noted->pending && noted->ended.ending == HOOK_ENDED_UNCALLED)
			continue;
		rows[n].place = noted->place;
		rows[n].written = NULL;
		rows[n++].firing = noted;
	}
	qsort(rows, n, sizeof(RehearsedRow), compare_rehearsed);
	*length = n;
	return rows;
}

/*
 * The result of hooks.rehearse(): a row for each firing, for each action on a
 * table, and for the error.
 */
void
hooks_rehearsed_put(const HookRehearsal *self, Tuplestorestate *store,
					TupleDesc desc)
{
	Size		n;
	RehearsedRow *rows = collect(self, &n);
	Datum		values[REHEARSED_COLUMNS];
	bool		nulls[REHEARSED_COLUMNS];

	Assert(desc->natts == REHEARSED_COLUMNS);
	for (Size i = 0; i < n; i++)
	{
		const HookWritten *written = rows[i].written;
		const HookRehearsedFiring *noted = rows[i].firing;

		CHECK_FOR_INTERRUPTS();
		if (written != NULL)
		{
			set_common(values, nulls, i + 1, written->key.depth,
					   hooks_word_of_action(written->key.action),
					   written->key.relid, written->key.constraint, "done");
			nulls[REHEARSED_ROWS] = written->key.action == HOOK_TRUNCATE;
			values[REHEARSED_ROWS] = Int64GetDatum(written->rows);
			if (nulls[REHEARSED_RELATION])
				values[REHEARSED_MESSAGE] =
					hooks_result_text("of a table that the statement made",
									  &nulls[REHEARSED_MESSAGE]);
		}
		else
		{
			set_common(values, nulls, i + 1, noted->depth,
					   hooks_word_of_phase(noted->phase), noted->relation,
					   noted->constraint, outcome_of(noted));
			set_firing(values, nulls, noted);
		}
		tuplestore_putvalues(store, desc, values, nulls);
	}
	if (self->error != NULL)
	{
		set_error(values, nulls, n + 1, self->error);
		tuplestore_putvalues(store, desc, values, nulls);
	}
}
