/*
 * computed.c
 *		Generated columns of rows that a cascade changes.
 *
 * A foreign key can have a generated column at either end.  When an action
 * changes a column from which it is computed, the row has another key, as if
 * the action had set it:
 *
 *		a.r				ON DELETE SET NULL
 *		a.g				GENERATED ALWAYS AS (coalesce(r, 0)) STORED
 *		b.g				REFERENCES a (g) ON UPDATE CASCADE
 *
 * So a step touches such columns, too, and the walk computes their values.  An
 * expression that runs what somebody wrote is not evaluated: then the new
 * value is not known, as with a default.
 *
 * Partitions have expressions of their own.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "cascade/computed.h"
#include "cascade/reached.h"
#include "registry/callback.h"

/* A generated column of a table that holds rows */
typedef struct HookComputed
{
	AttrNumber	number;			/* by the tree's numbers */
	Expr	   *expression;		/* over the table's own columns */
	bool		known;			/* it can be evaluated */
	Bitmapset  *sources;		/* columns from which it is computed, by the
								 * tree's numbers */
	ExprState  *state;			/* NULL: not prepared yet */
} HookComputed;

/* What is needed to evaluate them; made for the first row */
typedef struct HookComputing
{
	TupleTableSlot *slot;
	ExprContext *context;
} HookComputing;

/*
 * The columns of a table that an expression over it reads, by the numbers of
 * another table of its tree.
 */
static Bitmapset *
sources_of(Oid relid, Oid top, Node *expression)
{
	Bitmapset  *read = NULL;
	Bitmapset  *sources = NULL;
	int			member = -1;

	pull_varattnos(expression, 1, &read);
	while ((member = bms_next_member(read, member)) >= 0)
	{
		AttrNumber	attnum = member + FirstLowInvalidHeapAttributeNumber;

		/* all of a row has not the same numbers elsewhere */
		if (attnum > 0)
			sources = bms_add_member(sources,
									 hooks_reached_numbers(relid, top, &attnum,
														   1)[0]);
	}
	return sources;
}

/*
 * The columns from which some columns of a table are computed.  All are given
 * by the numbers of the topmost table.
 */
Bitmapset *
hooks_computed_sources(Oid relid, Oid top, const Bitmapset *columns)
{
	Bitmapset  *sources = NULL;
	int			member = -1;

	while ((member = bms_next_member(columns, member)) >= 0)
	{
		AttrNumber	number = member;
		AttrNumber	attnum = hooks_reached_numbers(top, relid, &number, 1)[0];
		Relation	rel;

		if (get_attgenerated(relid, attnum) != ATTRIBUTE_GENERATED_STORED)
			continue;
		rel = table_open(relid, AccessShareLock);
		sources = bms_add_members(sources,
								  sources_of(relid, top,
											 build_column_default(rel,
																  attnum)));
		table_close(rel, NoLock);
	}
	return sources;
}

bool
hooks_computed_has_any(Relation rel)
{
	const TupleConstr *constraints = RelationGetDescr(rel)->constr;

	return constraints != NULL && constraints->has_generated_stored;
}

/*
 * The generated ones among some columns of a table that holds rows; the
 * columns are given by the numbers of the topmost table.
 */
List *
hooks_computed_find(Relation rel, Oid top, const Bitmapset *columns)
{
	Oid			relid = RelationGetRelid(rel);
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *found = NIL;

	for (AttrNumber attnum = 1; attnum <= desc->natts; attnum++)
	{
		HookComputed *computed;
		Node	   *expression;
		AttrNumber	number;

		if (TupleDescAttr(desc, attnum - 1)->attgenerated !=
			ATTRIBUTE_GENERATED_STORED)
			continue;
		number = hooks_reached_numbers(relid, top, &attnum, 1)[0];
		if (!bms_is_member(number, columns))
			continue;
		expression = build_column_default(rel, attnum);
		computed = palloc0(sizeof(HookComputed));
		computed->number = number;
		computed->expression = (Expr *) expression;
		computed->known = !hooks_callback_expression_runs_code(expression);
		computed->sources = sources_of(relid, top, expression);
		found = lappend(found, computed);
	}
	return found;
}

/*
 * Adds to what a step touches the columns that are computed from it, and to
 * what the walk needs what they are computed from.
 */
void
hooks_computed_join(HookStep *step)
{
	Bitmapset  *set = bms_copy(step->touched);
	ListCell   *leaf;
	ListCell   *lc;

	foreach(leaf, step->table->leaves)
	{
		foreach(lc, ((HookLeaf *) lfirst(leaf))->computed)
		{
			const HookComputed *computed = lfirst(lc);
			AttrNumber	number = computed->number;
			int			member = -1;

			if (!bms_overlap(computed->sources, set))
				continue;
			step->computes = step->moves = true;
			step->touched = bms_add_member(step->touched, number);
			hooks_reached_need(step->table->tree, &number, 1);
			while ((member = bms_next_member(computed->sources, member)) >= 0)
			{
				number = member;
				hooks_reached_need(step->table->tree, &number, 1);
			}
		}
	}
	bms_free(set);
}

/*
 * Is there a column that a step changes, and whose value cannot be known?
 */
bool
hooks_computed_is_unknown(const HookStep *step)
{
	ListCell   *leaf;
	ListCell   *lc;

	foreach(leaf, step->computes ? step->table->leaves : NIL)
	{
		foreach(lc, ((HookLeaf *) lfirst(leaf))->computed)
		{
			const HookComputed *computed = lfirst(lc);

			if (!computed->known &&
				bms_is_member(computed->number, step->touched))
				return true;
		}
	}
	return false;
}

/*
 * Gets ready to evaluate the columns of a leaf, in the walk's memory.
 */
static void
prepare_computing(HookLeaf *leaf)
{
	HookComputing *computing = palloc(sizeof(HookComputing));
	Relation	rel = table_open(leaf->relid, NoLock);
	ListCell   *lc;

	computing->slot =
		MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(rel)),
								 &TTSOpsVirtual);
	computing->context = CreateStandaloneExprContext();
	computing->context->ecxt_scantuple = computing->slot;
	foreach(lc, leaf->computed)
	{
		HookComputed *computed = lfirst(lc);

		if (computed->known)
			computed->state =
				ExecInitExpr(expression_planner(computed->expression), NULL);
	}
	table_close(rel, NoLock);
	leaf->computing = computing;
}

/*
 * Puts what the walk knows of a row, the values of the tree's columns, into
 * the slot.
 */
static void
fill_slot(const HookLeaf *leaf, const HookTree *tree, const Datum *values,
		  const bool *nulls)
{
	TupleTableSlot *slot = leaf->computing->slot;
	int			i = 0;
	ListCell   *lc;

	ExecClearTuple(slot);
	slot->tts_tableOid = leaf->relid;
	memset(slot->tts_isnull, true,
		   sizeof(bool) * slot->tts_tupleDescriptor->natts);
	foreach(lc, tree->columns)
	{
		AttrNumber	number = lfirst_int(lc);
		AttrNumber	attnum = hooks_reached_numbers(tree->root, leaf->relid,
												   &number, 1)[0];

		slot->tts_values[attnum - 1] = values[i];
		slot->tts_isnull[attnum - 1] = nulls[i];
		i++;
	}
	ExecStoreVirtualTuple(slot);
}

/*
 * Computes the columns that depend on what a step has set in a row of a leaf.
 * The values, those of the tree's columns, are valid until the next call.
 */
void
hooks_computed_set(HookLeaf *leaf, const HookStep *step, MemoryContext context,
				   Datum *values, bool *nulls)
{
	const HookTree *tree = step->table->tree;
	MemoryContext old;
	ListCell   *lc;

	if (leaf->computed == NIL)
		return;
	if (leaf->computing == NULL)
	{
		old = MemoryContextSwitchTo(context);
		prepare_computing(leaf);
		MemoryContextSwitchTo(old);
	}
	ResetExprContext(leaf->computing->context);
	context = leaf->computing->context->ecxt_per_tuple_memory;
	old = MemoryContextSwitchTo(context);
	fill_slot(leaf, tree, values, nulls);
	foreach(lc, leaf->computed)
	{
		const HookComputed *computed = lfirst(lc);
		int			i = 0;
		ListCell   *column;

		if (!bms_is_member(computed->number, step->touched))
			continue;
		foreach(column, tree->columns)
		{
			if (lfirst_int(column) == computed->number)
				break;
			i++;
		}
		Assert(i < list_length(tree->columns));
		nulls[i] = true;
		if (computed->known)
			values[i] = ExecEvalExpr(computed->state, leaf->computing->context,
									 &nulls[i]);
	}
	MemoryContextSwitchTo(old);
}
