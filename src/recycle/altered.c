/*
 * altered.c
 *		Rows that a cascade changes, as they are kept: what finds them again,
 *		and the changed columns as they were and as the delete leaves them.
 *
 * A row can be changed by several foreign keys.  Rows that are changed by the
 * same ones are kept together, so that each can be put back in one go.  keep.c
 * keeps the deleted rows; cascade/change.c knows what a change does.
 */
#include "postgres.h"

#include "access/table.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/ancestors.h"
#include "base/expression.h"
#include "base/identity.h"
#include "recycle/altered.h"
#include "recycle/keeper.h"
#include "recycle/rules.h"

/* What a step of the cascade does to the rows that it changes */
typedef struct AlteringStep
{
	const HookStep *step;		/* identifies it; not valid after the walk */
	char	   *constraint;
	Oid			relid;			/* topmost partitioned table above them */
	int			n;
	char	  **columns;		/* that it changes */
	Datum	   *left;			/* what it leaves in them */
	bool	   *nulls;
} AlteringStep;

/* A row that a step changes */
typedef struct AlteredRow
{
	Oid			relid;			/* the table that holds it */
	ItemPointerData tid;
	int64		number;			/* in order of changes */
	AlteringStep *step;
	int			group;			/* the group's number in the first change of a
								 * row; -1 in the others */
} AlteredRow;

struct HookAltered
{
	MemoryContext context;
	List	   *steps;			/* of AlteringStep */
	AlteredRow *rows;			/* NULL: none */
	int64		n;
	int64		size;
	List	   *groups;			/* of List of AlteringStep, in order */
};

/*
 * In the current memory context.
 */
HookAltered *
hooks_altered_begin(void)
{
	HookAltered *altered = palloc0(sizeof(HookAltered));

	altered->context = CurrentMemoryContext;
	return altered;
}

/*
 * Evaluates the default to which a step sets a column.  As the table's owner,
 * because PostgreSQL runs the action as the owner.
 */
static Datum
get_default(Relation rel, AttrNumber attnum, const AlteringStep *step,
			bool *isnull)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	Node	   *expression = build_column_default(rel, attnum);
	Datum		value;
	HookIdentity before;

	*isnull = expression == NULL;
	if (expression == NULL)
		return (Datum) 0;
	if (contain_volatile_functions(expression))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot keep rows of table \"%s\" that foreign key \"%s\" sets to a volatile default",
						RelationGetRelationName(rel), step->constraint),
				 errdetail("What the delete leaves in column \"%s\" cannot be known before.",
						   NameStr(att->attname))));
	hooks_identity_become_owner(&before, RelationGetRelid(rel));
	value = hooks_expression_value(expression, isnull);
	hooks_identity_end(&before);
	return value;
}

/*
 * The entry for a step of the walk, made when the step is first met.
 */
static AlteringStep *
get_altering_step(HookAltered *altered, const HookStep *step)
{
	const HookForeignKey *key = step->key;
	AlteringStep *found;
	Relation	rel;
	int			attnum = -1;
	ListCell   *lc;

	foreach(lc, altered->steps)
	{
		if (((AlteringStep *) lfirst(lc))->step == step)
			return lfirst(lc);
	}
	found = palloc0(sizeof(AlteringStep));
	found->step = step;
	found->constraint = pstrdup(key->name);
	found->relid = hooks_ancestors_top(key->referencing);
	found->n = 0;
	found->columns = palloc(sizeof(char *) * bms_num_members(step->set));
	found->left = palloc0(sizeof(Datum) * bms_num_members(step->set));
	found->nulls = palloc0(sizeof(bool) * bms_num_members(step->set));
	altered->steps = lappend(altered->steps, found);

	/* by ON UPDATE CASCADE, the new value depends on the referenced row */
	if (step->copies &&
		(step->effect == HOOK_EFFECT_SET_DEFAULT || key->nkeys > 1))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot keep rows of table \"%s\" that foreign key \"%s\" changes by ON UPDATE CASCADE",
						get_rel_name(key->referencing), key->name)));
	rel = table_open(key->referencing, NoLock);
	while ((attnum = bms_next_member(step->set, attnum)) >= 0)
	{
		found->columns[found->n] =
			pstrdup(get_attname(key->referencing, attnum, false));
		if (step->effect == HOOK_EFFECT_SET_DEFAULT)
			found->left[found->n] = get_default(rel, attnum, found,
												&found->nulls[found->n]);
		else
			found->nulls[found->n] = true;
		found->n++;
	}
	table_close(rel, NoLock);
	return found;
}

/*
 * Adds a row that a step of the walk changes.
 */
void
hooks_altered_add(HookAltered *altered, const HookCascadeRow *row)
{
	MemoryContext old = MemoryContextSwitchTo(altered->context);
	AlteredRow *entry;

	if (altered->rows == NULL)
	{
		altered->size = 64;
		altered->rows = palloc(sizeof(AlteredRow) * altered->size);
	}
	else if (altered->n == altered->size)
	{
		altered->size *= 2;
		altered->rows = repalloc_huge(altered->rows,
									  sizeof(AlteredRow) * altered->size);
	}
	entry = &altered->rows[altered->n];
	entry->relid = row->relid;
	entry->tid = row->tid;
	entry->number = altered->n++;
	entry->step = get_altering_step(altered, row->step);
	entry->group = -1;
	MemoryContextSwitchTo(old);
}

static int
compare_rows(const void *a, const void *b)
{
	const AlteredRow *one = a;
	const AlteredRow *other = b;
	int			result;

	if (one->relid != other->relid)
		return one->relid < other->relid ? -1 : 1;
	result =
		ItemPointerCompare((ItemPointer) &one->tid, (ItemPointer) &other->tid);
	return result != 0 ? result : one->number < other->number ? -1 : 1;
}

static bool
same_row(const AlteredRow *a, const AlteredRow *b)
{
	return a->relid == b->relid &&
		ItemPointerEquals((ItemPointer) &a->tid, (ItemPointer) &b->tid);
}

static bool
same_steps(List *a, List *b)
{
	ListCell   *one;
	ListCell   *other;

	if (list_length(a) != list_length(b))
		return false;
	forboth(one, a, other, b)
	{
		if (lfirst(one) != lfirst(other))
			return false;
	}
	return true;
}

/*
 * Puts changed rows into groups, by the steps that change them.
 */
static void
group_rows(HookAltered *altered)
{
	qsort(altered->rows, altered->n, sizeof(AlteredRow), compare_rows);
	for (int64 first = 0, next; first < altered->n; first = next)
	{
		List	   *steps = NIL;
		int			group = 0;
		ListCell   *lc;

		for (next = first; next < altered->n &&
			 same_row(&altered->rows[first], &altered->rows[next]); next++)
			steps = list_append_unique_ptr(steps, altered->rows[next].step);
		foreach(lc, altered->groups)
		{
			if (same_steps(lfirst(lc), steps))
				break;
			group++;
		}
		if (lc == NULL)
			altered->groups = lappend(altered->groups, steps);
		else
			list_free(steps);
		altered->rows[first].group = group;
	}
}

/* A column that a group of steps changes, and what they leave in it */
typedef struct Left
{
	char	   *column;
	Datum		value;
	bool		isnull;
} Left;

/*
 * The values that some steps leave in the columns that they change.  If
 * several steps change a column, the last one counts.
 */
static List *
find_left(List *steps)
{
	List	   *lefts = NIL;
	ListCell   *lc;

	foreach(lc, steps)
	{
		const AlteringStep *step = lfirst(lc);

		for (int i = 0; i < step->n; i++)
		{
			Left	   *left = NULL;
			ListCell   *cell;

			foreach(cell, lefts)
			{
				if (strcmp(((Left *) lfirst(cell))->column,
						   step->columns[i]) == 0)
					left = lfirst(cell);
			}
			if (left == NULL)
			{
				left = palloc(sizeof(Left));
				left->column = step->columns[i];
				lefts = lappend(lefts, left);
			}
			left->value = step->left[i];
			left->isnull = step->nulls[i];
		}
	}
	return lefts;
}

static bool
is_left(List *lefts, const char *column)
{
	ListCell   *lc;

	foreach(lc, lefts)
	{
		if (strcmp(((Left *) lfirst(lc))->column, column) == 0)
			return true;
	}
	return false;
}

/*
 * The names of the columns by which the rows of a group are found again: those
 * of a key of the table, or all.  Changed columns are left out, as they are
 * compared in any case.
 */
static List *
find_finders(Relation rel, List *lefts)
{
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *key = hooks_keeper_key(rel);
	List	   *names = NIL;
	ListCell   *lc;

	for (int i = 0; i < desc->natts && key == NIL; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && att->attgenerated == '\0' &&
			!is_left(lefts, NameStr(att->attname)))
			names = lappend(names, NameStr(att->attname));
	}
	foreach(lc, key)
	{
		if (!is_left(lefts, lfirst(lc)))
			names = lappend(names, lfirst(lc));
	}
	return names;
}

/*
 * Writes the rows of a group: the columns that find them, then the changed
 * columns as they are and as they will be.
 */
static void
write_group(const HookAltered *altered, int group, HookKeptWriter *writer)
{
	List	   *steps = list_nth(altered->groups, group);
	List	   *lefts = find_left(steps);
	Relation	rel = table_open(((AlteringStep *) linitial(steps))->relid,
								 AccessShareLock);
	List	   *finders = find_finders(rel, lefts);
	HookKeeper	keeper;
	HookKeeperRows rows;
	Oid			open = InvalidOid;
	ListCell   *lc;

	Assert(steps != NIL && lefts != NIL);
	hooks_rules_check(rel, CMD_UPDATE, false);
	hooks_keeper_begin(&keeper, rel,
					   list_length(finders) + 2 * list_length(lefts));
	foreach(lc, finders)
	{
		hooks_keeper_add_column(&keeper, rel, lfirst(lc));
	}
	for (int i = 0; i < 2; i++)
		foreach(lc, lefts)
	{
		hooks_keeper_add_column(&keeper, rel, ((Left *) lfirst(lc))->column);
	}
	keeper.format.nchanged = list_length(lefts);

	hooks_kept_row_prepare(&keeper.format);
	hooks_kept_row_set_format(writer, &keeper.format);
	for (int64 i = 0; i < altered->n; i++)
	{
		AlteredRow *entry = &altered->rows[i];
		int			field = keeper.format.nfields - list_length(lefts);

		if (entry->group != group)
			continue;
		if (open != entry->relid)
		{
			if (OidIsValid(open))
				hooks_keeper_close(&rows);
			open = entry->relid;
			hooks_keeper_open(&keeper, &rows, rel, open);
		}
		hooks_keeper_read(&rows, &entry->tid);
		hooks_keeper_put_row(&keeper, writer, &rows, field);
		foreach(lc, lefts)
		{
			const Left *left = lfirst(lc);

			hooks_keeper_put(&keeper, writer, field++, left->value,
							 left->isnull);
		}
		hooks_keeper_end_row(&keeper, writer);
	}
	if (OidIsValid(open))
		hooks_keeper_close(&rows);
	hooks_kept_row_set_format(writer, NULL);
	hooks_keeper_end(&keeper);
	table_close(rel, NoLock);
}

/*
 * Writes all that were added.
 */
void
hooks_altered_write(HookAltered *altered, HookKeptWriter *writer)
{
	if (altered->n == 0)
		return;
	group_rows(altered);
	for (int group = 0; group < list_length(altered->groups); group++)
		write_group(altered, group, writer);
}
