/*
 * cascade.c
 *		What a DELETE, with its cascades, would do or does.
 *
 * The walk does what PostgreSQL's trigger queue does, to sets of rows: round by
 * round, each step of the route gets the keys of all referenced rows that were
 * deleted or changed in the round before, and one query finds the rows that
 * refer to them.  Keys wait in tuplestores, which spill.
 *
 * Where rows can be reached in more than one way and it matters which comes
 * first, the round is worked off in PostgreSQL's own order: its events are
 * numbered as they would be queued, by the order of the rows and the names of
 * the triggers, and the results of the round's queries are merged by them.
 *
 * The rows are looked for with the active snapshot, as the current user.
 * Nothing is locked but the tables, as by any SELECT.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "cascade.h"

/* rows fetched from a query at a time */
#define FETCH_ROWS 1000

/*
 * What goes into one query of each round, and what comes out of it.
 */
typedef struct Lane
{
	HookStep   *step;
	bool		counts;			/* the query counts by table, as more need not
								 * be known */
	bool		checks;			/* does the row exist that a changed one now
								 * refers to? */
	char	   *query;
	SPIPlanPtr	plan;			/* NULL: to be made */
	double		planned;		/* for so many rows */
	TupleDesc	desc;			/* of the tuplestores */
	EphemeralNamedRelationData enr;
	Tuplestorestate *current;	/* this round's, NULL if none */
	int64		ncurrent;
	Tuplestorestate *next;		/* the next round's, NULL if none */
	int64		nnext;
	Portal		portal;			/* NULL: no more rows in this round */
	TupleDesc	found;			/* of what the query finds; NULL: not known yet */
	SPITupleTable *batch;		/* NULL: none at hand */
	uint64		nbatch;
	uint64		at;				/* the row in hand */
	int64		event;			/* its event */
	List	   *late;			/* rows of that event that wait for the others */
} Lane;

/* The walk's side of a step */
typedef struct HookStepState
{
	Lane		rows;
	Lane		checks;
	char	  **defaults;		/* by number of key column: what is set, as SQL;
								 * NULL: it stays */
	bool		knows_same;		/* the query tells if a default changes nothing */
	Oid			default_relid;	/* the row that all defaults refer to; InvalidOid:
								 * none, or not one for all */
	ItemPointerData default_tid;
	int64		default_event;	/* when its own event comes; 0: not in line */
	HookCascadeCount *count;	/* of this round, or an earlier one */
	HookCascadeCount *blocked;
	HookTidSet *blocks;			/* rows that block */
} HookStepState;

typedef struct RowId
{
	Oid			relid;
	BlockNumber block;
	OffsetNumber offset;
	uint16		unused;			/* zero */
} RowId;

/* When a row was changed for the last time */
typedef struct LastChange
{
	RowId		row;			/* hash key, must be first */
	int64		event;
} LastChange;

struct HookCascade
{
	MemoryContext context;
	HookRoute  *route;
	HookCascadeVisitor visitor; /* NULL: nobody */
	void	   *arg;
	int64		max_rows;		/* 0: all */
	bool		cut;			/* rows were left out */
	int			depth;
	int64		event;			/* the last event's number */
	HookTidSet *doomed;
	List	   *counts;			/* of HookCascadeCount */
	HookCascadeCount *root;
	TupleDesc	change_desc;
	Tuplestorestate *changes;	/* NULL: none.  Number in counts, table, TID */
	TupleDesc	watch_desc;
	Tuplestorestate *watches;	/* NULL: none.  Number of the step, row, row
								 * that it refers to */
	HookTidSet *watched;		/* the latter */
	bool		fell;			/* one of these was deleted */
	HTAB	   *last_changes;	/* LastChange of rows changed more than once;
								 * NULL: none */
	int			nenrs;
};

/*
 * A walk that begins with rows of the given tables.  With a target, only rows
 * that the delete removes are looked for, and only on the way to that table.
 * max_rows is the most that is followed from each round of each step; 0 is no
 * limit.
 *
 * Nothing is looked up yet but the route.  Ends with hooks_cascade_end().
 */
HookCascade *
hooks_cascade_begin(List *roots, Oid target, int64 max_rows,
					HookCascadeVisitor visitor, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "hooks cascade",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	HookCascade *cascade = palloc0(sizeof(HookCascade));
	ListCell   *lc;

	cascade->context = context;
	cascade->route = hooks_route_make(roots, target);
	cascade->visitor = visitor;
	cascade->arg = arg;
	cascade->max_rows = max_rows;
	cascade->doomed = hooks_tidset_make(context);
	foreach(lc, cascade->route->steps)
		((HookStep *) lfirst(lc))->state = palloc0(sizeof(HookStepState));

	cascade->change_desc = CreateTemplateTupleDesc(3);
	TupleDescInitEntry(cascade->change_desc, 1, "count", INT4OID, -1, 0);
	TupleDescInitEntry(cascade->change_desc, 2, "relid", OIDOID, -1, 0);
	TupleDescInitEntry(cascade->change_desc, 3, "tid", TIDOID, -1, 0);
	cascade->watch_desc = CreateTemplateTupleDesc(5);
	TupleDescInitEntry(cascade->watch_desc, 1, "step", INT4OID, -1, 0);
	TupleDescInitEntry(cascade->watch_desc, 2, "relid", OIDOID, -1, 0);
	TupleDescInitEntry(cascade->watch_desc, 3, "tid", TIDOID, -1, 0);
	TupleDescInitEntry(cascade->watch_desc, 4, "watched_relid", OIDOID, -1, 0);
	TupleDescInitEntry(cascade->watch_desc, 5, "watched_tid", TIDOID, -1, 0);
	MemoryContextSwitchTo(old);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	return cascade;
}

HookRoute *
hooks_cascade_route(HookCascade *cascade)
{
	return cascade->route;
}

/*
 * Of HookCascadeCount, by depth; of each depth, in order of the first row.
 */
List *
hooks_cascade_counts(const HookCascade *cascade)
{
	return cascade->counts;
}

static void
put(HookCascade *cascade, Tuplestorestate **store, TupleDesc desc,
	Datum *values, bool *nulls)
{
	if (*store == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(cascade->context);

		*store = tuplestore_begin_heap(false, false, work_mem);
		MemoryContextSwitchTo(old);
	}
	tuplestore_putvalues(*store, desc, values, nulls);
}

/*
 * The count of what a step has done in this round.
 */
static HookCascadeCount *
get_count(HookCascade *cascade, HookCascadeCount **last, HookStep *step,
		  HookEffect effect)
{
	HookCascadeCount *count = *last;
	MemoryContext old;

	if (count != NULL && count->depth == cascade->depth)
		return count;
	old = MemoryContextSwitchTo(cascade->context);
	count = palloc0(sizeof(HookCascadeCount));
	count->number = list_length(cascade->counts);
	count->depth = cascade->depth;
	count->effect = effect;
	count->capped = cascade->cut;
	if (step != NULL)
	{
		count->step = step;
		count->key = step->key;
		count->relation = step->key->referencing;
		count->columns = step->set;
		count->late = step->deferred;
	}
	cascade->counts = lappend(cascade->counts, count);
	MemoryContextSwitchTo(old);
	*last = count;
	return count;
}

/*
 * Counts a row; false if there are enough.
 */
static bool
count_row(HookCascade *cascade, HookCascadeCount *count, Oid relid)
{
	if (cascade->max_rows > 0 && count->rows >= cascade->max_rows)
	{
		count->capped = cascade->cut = true;
		return false;
	}
	count->rows++;
	if (count->relids == NIL || llast_oid(count->relids) != relid)
	{
		MemoryContext old = MemoryContextSwitchTo(cascade->context);

		count->relids = list_append_unique_oid(count->relids, relid);
		MemoryContextSwitchTo(old);
	}
	return true;
}

static void
visit(HookCascade *cascade, const HookCascadeCount *count, Oid relid,
	  const ItemPointerData *tid)
{
	HookCascadeRow row;

	if (cascade->visitor == NULL)
		return;
	row.relid = relid;
	row.tid = *tid;
	row.depth = count->depth;
	row.key = count->key;
	row.effect = count->effect;
	cascade->visitor(&row, cascade->arg);
}

/*
 * Has one of the steps changed the row, other than the given one?
 */
static bool
is_changed_by(List *steps, const HookStep *other, Oid relid,
			  const ItemPointerData *tid)
{
	ListCell   *lc;

	foreach(lc, steps)
	{
		HookStep   *step = lfirst(lc);

		if (step != other && step->changed != NULL &&
			hooks_tidset_has(step->changed, relid, tid))
			return true;
	}
	return false;
}

/*
 * The descriptor of a lane's tuplestore: leading columns, then the key's.
 */
static TupleDesc
lane_desc(const HookStep *step, bool checks)
{
	const HookForeignKey *key = step->key;
	int			first = checks ? 4 : 1;
	TupleDesc	desc = CreateTemplateTupleDesc(first + key->nkeys);

	TupleDescInitEntry(desc, 1, "event", INT8OID, -1, 0);
	if (checks)
	{
		TupleDescInitEntry(desc, 2, "change", INT8OID, -1, 0);
		TupleDescInitEntry(desc, 3, "relid", OIDOID, -1, 0);
		TupleDescInitEntry(desc, 4, "tid", TIDOID, -1, 0);
	}
	/* of the type's collation, as the parameters of ri_triggers.c's queries */
	for (int i = 0; i < key->nkeys; i++)
		TupleDescInitEntry(desc, first + i + 1, psprintf("k%d", i + 1),
						   checks ?
						   get_atttype(key->referencing, key->referencing_keys[i]) :
						   get_atttype(key->referenced, key->referenced_keys[i]),
						   -1, 0);
	return desc;
}

static const char *
from_item(Oid relid, const char *alias)
{
	return psprintf("%s%s %s",
					get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ",
					quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
											   get_rel_name(relid)),
					alias);
}

static const char *
column_name(Oid relid, AttrNumber attnum)
{
	return quote_identifier(get_attname(relid, attnum, false));
}

static const char *
collation_name(Oid collation)
{
	HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	name = quote_qualified_identifier(get_namespace_name(form->collnamespace),
									  NameStr(form->collname));
	ReleaseSysCache(tuple);
	return name;
}

/*
 * Appends the comparison of a key's column with what refers to it, as
 * ri_GenerateQual() in ri_triggers.c makes it.
 */
static void
append_comparison(StringInfo query, const HookForeignKey *key, int i,
				  const char *referenced, const char *referencing)
{
	Oid			type;
	Oid			referencing_type;
	Oid			collation;
	Oid			referencing_collation;
	int32		typmod;

	get_atttypetypmodcoll(key->referenced, key->referenced_keys[i],
						  &type, &typmod, &collation);
	get_atttypetypmodcoll(key->referencing, key->referencing_keys[i],
						  &referencing_type, &typmod, &referencing_collation);
	if (i > 0)
		appendStringInfoString(query, " AND ");
	generate_operator_clause(query, referenced, type, key->operators[i],
							 referencing, referencing_type);
	if (OidIsValid(collation) && collation != referencing_collation &&
		!get_collation_isdeterministic(collation))
		appendStringInfo(query, " COLLATE %s", collation_name(collation));
}

/*
 * f.k1 = c.KEY AND ...
 */
static void
append_key(StringInfo query, const HookForeignKey *key)
{
	for (int i = 0; i < key->nkeys; i++)
		append_comparison(query, key, i, psprintf("f.k%d", i + 1),
						  psprintf("c.%s", column_name(key->referencing, key->referencing_keys[i])));
}

/*
 * SELECT f.event, c.tableoid, c.ctid, SAME, c.xmin, c.COLUMN ...
 *   FROM STORE f, [ONLY] TABLE c WHERE f.k1 = c.KEY AND ... [ORDER BY 1, 2, 3]
 */
static char *
rows_query(HookCascade *cascade, HookStep *step)
{
	const HookForeignKey *key = step->key;
	StringInfoData query;
	ListCell   *lc;

	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT f.event, c.tableoid, c.ctid, ");
	if (!step->state->knows_same)
		appendStringInfoString(&query, "false");
	else
	{
		int			n = 0;

		for (int i = 0; i < key->nkeys; i++)
		{
			Oid			type = get_atttype(key->referencing, key->referencing_keys[i]);

			if (step->state->defaults[i] == NULL)
				continue;
			if (n++ > 0)
				appendStringInfoString(&query, " AND ");
			generate_operator_clause(&query,
									 psprintf("c.%s", column_name(key->referencing, key->referencing_keys[i])),
									 type, key->own_operators[i],
									 step->state->defaults[i], type);
		}
	}
	appendStringInfoString(&query, step->set == NULL ? ", NULL" : ", c.xmin");
	foreach(lc, step->table->columns)
		appendStringInfo(&query, ", c.%s",
						 column_name(key->referencing, lfirst_int(lc)));
	appendStringInfo(&query, " FROM %s f, %s WHERE ",
					 quote_identifier(step->state->rows.enr.md.name),
					 from_item(key->referencing, "c"));
	append_key(&query, key);
	if (cascade->route->ordered)
		appendStringInfoString(&query, " ORDER BY 1, 2, 3");
	return query.data;
}

/*
 * SELECT c.tableoid, count(*) FROM STORE f, [ONLY] TABLE c
 *  WHERE f.k1 = c.KEY AND ... GROUP BY 1
 */
static char *
counts_query(HookStep *step)
{
	const HookForeignKey *key = step->key;
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT c.tableoid, pg_catalog.count(*) FROM %s f, %s WHERE ",
					 quote_identifier(step->state->rows.enr.md.name),
					 from_item(key->referencing, "c"));
	append_key(&query, key);
	appendStringInfoString(&query, " GROUP BY 1");
	return query.data;
}

/*
 * SELECT f.event, f.relid, f.tid, FREE, f.change, p.tableoid, p.ctid
 *   FROM STORE f LEFT JOIN [ONLY] TABLE p ON p.KEY = f.k1 AND ... [ORDER BY 1]
 *
 * FREE: by its nulls, the changed key need not exist.
 */
static char *
checks_query(HookCascade *cascade, HookStep *step)
{
	const HookForeignKey *key = step->key;
	StringInfoData query;
	const char *value[INDEX_MAX_KEYS];

	for (int i = 0; i < key->nkeys; i++)
		value[i] = step->state->defaults[i] != NULL ? step->state->defaults[i] :
			psprintf("f.k%d", i + 1);
	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT f.event, f.relid, f.tid, ");
	for (int i = 0; i < key->nkeys; i++)
		appendStringInfo(&query, "%s%s IS NULL",
						 i == 0 ? "" : key->full ? " AND " : " OR ", value[i]);
	appendStringInfo(&query, ", f.change, p.tableoid, p.ctid FROM %s f LEFT JOIN %s ON ",
					 quote_identifier(step->state->checks.enr.md.name),
					 from_item(key->referenced, "p"));
	for (int i = 0; i < key->nkeys; i++)
		append_comparison(&query, key, i,
						  psprintf("p.%s", column_name(key->referenced, key->referenced_keys[i])),
						  value[i]);
	if (cascade->route->ordered)
		appendStringInfoString(&query, " ORDER BY 1");
	return query.data;
}

/*
 * What a step sets the columns of its key to; false if that cannot be known
 * beforehand (a volatile default), or leaves nothing to look up.
 */
static bool
find_defaults(HookStep *step)
{
	const HookForeignKey *key = step->key;
	bool		is_default = step->effect == HOOK_EFFECT_SET_DEFAULT;
	bool		some = false;
	Relation	rel;

	if (step->recheck)
	{
		step->state->defaults = palloc0(sizeof(char *) * key->nkeys);
		return true;
	}
	if (step->copies || step->effect == HOOK_EFFECT_BLOCKED ||
		step->effect == HOOK_EFFECT_DELETE || (!is_default && !key->full))
		return false;
	step->state->defaults = palloc0(sizeof(char *) * key->nkeys);
	rel = table_open(key->referencing, NoLock);
	for (int i = 0; i < key->nkeys; i++)
	{
		AttrNumber	attnum = key->referencing_keys[i];
		Oid			type;
		int32		typmod;
		Oid			collation;
		Node	   *value = NULL;
		const char *text = "NULL";

		if (!bms_is_member(attnum, step->set))
			continue;
		if (is_default)
			value = build_column_default(rel, attnum);
		if (value != NULL)
		{
			if (contain_volatile_functions(value))
			{
				table_close(rel, NoLock);
				return false;
			}
			text = deparse_expression(value, NIL, false, false);
			some = true;
		}
		get_atttypetypmodcoll(key->referencing, attnum, &type, &typmod, &collation);
		step->state->defaults[i] = psprintf("CAST((%s) AS %s)", text,
											format_type_extended(type, typmod,
																  FORMAT_TYPE_TYPEMOD_GIVEN |
																  FORMAT_TYPE_FORCE_QUALIFY));
	}
	table_close(rel, NoLock);
	step->state->knows_same = some;
	return some || key->full;
}

static void
prepare_lane(HookCascade *cascade, Lane *lane, HookStep *step, bool checks)
{
	lane->step = step;
	lane->checks = checks;
	lane->desc = lane_desc(step, checks);
	lane->enr.md.name = psprintf("step %d", ++cascade->nenrs);
	lane->enr.md.reliddesc = InvalidOid;
	lane->enr.md.tupdesc = lane->desc;
	lane->enr.md.enrtype = ENR_NAMED_TUPLESTORE;
	if (SPI_register_relation(&lane->enr) != SPI_OK_REL_REGISTER)
		elog(ERROR, "SPI_register_relation failed");
	lane->counts = step->alone && !checks && cascade->visitor == NULL &&
		cascade->max_rows == 0;
	lane->query = checks ? checks_query(cascade, step) :
		lane->counts ? counts_query(step) : rows_query(cascade, step);
}

/*
 * Finds the row that all defaults of a key refer to.
 */
static void
find_default_row(HookStep *step)
{
	const HookForeignKey *key = step->key;
	StringInfoData query;
	bool		isnull;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT p.tableoid, p.ctid FROM %s WHERE ",
					 from_item(key->referenced, "p"));
	for (int i = 0; i < key->nkeys; i++)
	{
		if (step->state->defaults[i] == NULL)
			return;
		append_comparison(&query, key, i,
						  psprintf("p.%s", column_name(key->referenced, key->referenced_keys[i])),
						  step->state->defaults[i]);
	}
	if (SPI_execute(query.data, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look up defaults of foreign key \"%s\"", key->name);
	if (SPI_processed == 1)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;

		step->state->default_relid =
			DatumGetObjectId(SPI_getbinval(tuple, desc, 1, &isnull));
		step->state->default_tid =
			*(ItemPointer) DatumGetPointer(SPI_getbinval(tuple, desc, 2, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Makes a step's queries, when it is first taken.
 */
static void
prepare_step(HookCascade *cascade, HookStep *step)
{
	MemoryContext old = MemoryContextSwitchTo(cascade->context);
	bool		checks = find_defaults(step);

	if (!step->recheck)
		prepare_lane(cascade, &step->state->rows, step, false);
	if (checks)
		prepare_lane(cascade, &step->state->checks, step, true);
	if (step->state->knows_same)
		find_default_row(step);
	step->taken = true;
	MemoryContextSwitchTo(old);
}

/*
 * Queues an event of a referenced row: its key goes to the step's next round.
 * values are those of the HookTable's columns.
 */
static void
queue_event(HookCascade *cascade, const HookWay *way, HookStep *step,
			Oid relid, const ItemPointerData *tid,
			const Datum *values, const bool *nulls)
{
	Datum		row[INDEX_MAX_KEYS + 1];
	bool		row_nulls[INDEX_MAX_KEYS + 1] = {false};
	Lane	   *lane = &step->state->rows;

	cascade->event++;
	for (int i = 0; i < way->key->nkeys; i++)
	{
		if (nulls[way->positions[i]])
			return;
		row[i + 1] = values[way->positions[i]];
	}
	if (is_changed_by(way->spoilers, NULL, relid, tid))
		return;
	if (!step->taken)
		prepare_step(cascade, step);
	row[0] = Int64GetDatum(cascade->event);
	put(cascade, &lane->next, lane->desc, row, row_nulls);
	lane->nnext++;
}

/*
 * A row is deleted.  False if there are enough of its kind.
 */
static bool
doom(HookCascade *cascade, HookCascadeCount *count, HookTable *table, Oid relid,
	 const ItemPointerData *tid, const Datum *values, const bool *nulls)
{
	HookLeaf   *leaf = hooks_route_leaf(table, relid);
	ListCell   *lc;

	if (!count_row(cascade, count, relid))
		return false;
	(void) hooks_tidset_add(cascade->doomed, relid, tid);
	visit(cascade, count, relid, tid);
	if (cascade->watched != NULL &&
		hooks_tidset_has(cascade->watched, relid, tid))
		cascade->fell = true;
	if (leaf == NULL)
		return true;
	foreach(lc, leaf->deletes)
	{
		HookWay    *way = lfirst(lc);

		HookStep   *step = way->steps[HOOK_CAUSE_DELETED];

		if (step == NULL)
			continue;
		queue_event(cascade, way, step, relid, tid, values, nulls);
		if (step->state->default_relid == relid &&
			ItemPointerEquals(&step->state->default_tid, (ItemPointer) tid))
			step->state->default_event = cascade->event;
	}
	return true;
}

static void
block(HookCascade *cascade, HookStep *step, Oid relid, const ItemPointerData *tid)
{
	HookStepState *state = step->state;
	HookCascadeCount *count;

	if (state->blocks == NULL)
		state->blocks = hooks_tidset_make(cascade->context);
	if (hooks_tidset_has(state->blocks, relid, tid))
		return;
	count = get_count(cascade, &state->blocked, step, HOOK_EFFECT_BLOCKED);
	if (count_row(cascade, count, relid))
		(void) hooks_tidset_add(state->blocks, relid, tid);
}

/*
 * The event of a row's last change, if there was more than one and an earlier
 * one may still have to be looked at; 0 otherwise.
 */
static int64 *
last_change(HookCascade *cascade, Oid relid, const ItemPointerData *tid,
			bool make)
{
	RowId		row = {relid, ItemPointerGetBlockNumberNoCheck(tid),
	ItemPointerGetOffsetNumberNoCheck(tid), 0};
	LastChange *change;

	if (cascade->last_changes == NULL)
	{
		HASHCTL		info = {0};

		if (!make)
			return NULL;
		info.keysize = sizeof(RowId);
		info.entrysize = sizeof(LastChange);
		info.hcxt = cascade->context;
		cascade->last_changes = hash_create("hooks last changes", 256, &info,
											HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	change = hash_search(cascade->last_changes, &row,
						 make ? HASH_ENTER : HASH_FIND, NULL);
	return change == NULL ? NULL : &change->event;
}

/*
 * Queues the look-up of what a changed row refers to.
 */
static void
queue_check(HookCascade *cascade, HookStep *step, int64 event, Oid relid,
			const ItemPointerData *tid, const Datum *values, const bool *nulls)
{
	Lane	   *lane = &step->state->checks;
	ItemPointerData copy = *tid;
	Datum		row[INDEX_MAX_KEYS + 4];
	bool		row_nulls[INDEX_MAX_KEYS + 4] = {false};

	if (!step->taken)
		prepare_step(cascade, step);
	if (lane->step == NULL || step->key->deferred)
		return;
	row[0] = Int64GetDatum(++cascade->event);
	row[1] = Int64GetDatum(event);
	row[2] = ObjectIdGetDatum(relid);
	row[3] = PointerGetDatum(&copy);
	for (int i = 0; i < step->key->nkeys; i++)
	{
		row[4 + i] = values[step->positions[i]];
		row_nulls[4 + i] = nulls[step->positions[i]];
	}
	put(cascade, &lane->next, lane->desc, row, row_nulls);
	lane->nnext++;
}

/*
 * A step changes a row: sets columns of it to NULL or to their defaults.
 * Whether it stays is known at the end only; then it is told.  ours: the
 * transaction has made it.  False if there are enough of its kind.
 */
static bool
change(HookCascade *cascade, HookStep *step, Oid relid,
	   const ItemPointerData *tid, bool ours,
	   const Datum *values, const bool *nulls)
{
	HookCascadeCount *count = get_count(cascade, &step->state->count, step,
										step->effect);
	HookCause	cause = step->effect == HOOK_EFFECT_SET_NULL ?
		HOOK_CAUSE_NULLED : HOOK_CAUSE_DEFAULTED;
	HookLeaf   *leaf = hooks_route_leaf(step->table, relid);
	bool		again = is_changed_by(step->table->changes, NULL, relid, tid);
	int64		event = ++cascade->event;
	ItemPointerData copy = *tid;
	Datum		row[3];
	bool		row_nulls[3] = {false};
	ListCell   *lc;

	if (!count_row(cascade, count, relid))
		return false;
	row[0] = Int32GetDatum(count->number);
	row[1] = ObjectIdGetDatum(relid);
	row[2] = PointerGetDatum(&copy);
	put(cascade, &cascade->changes, cascade->change_desc, row, row_nulls);

	if (leaf != NULL)
		foreach(lc, leaf->updates)
		{
			HookWay    *way = lfirst(lc);

			if (way->steps[cause] != NULL && bms_overlap(way->columns, step->set))
				queue_event(cascade, way, way->steps[cause], relid, tid,
							values, nulls);
		}

	/* only now, as the row itself is among its own spoilers */
	if (step->changed == NULL)
		step->changed = hooks_tidset_make(cascade->context);
	(void) hooks_tidset_add(step->changed, relid, tid);

	/* what is to be looked up for an older version of the row is void now */
	if (again)
		*last_change(cascade, relid, tid, true) = event;
	foreach(lc, step->table->changes)
	{
		HookStep   *other = lfirst(lc);

		if (other == step ||
			(again && other->state->checks.step != NULL &&
			 other->changed != NULL && hooks_tidset_has(other->changed, relid, tid)))
			queue_check(cascade, other, event, relid, tid, values, nulls);
	}
	if (ours || again)
		foreach(lc, step->table->rechecks)
		{
			HookStep   *recheck = lfirst(lc);

			if (!is_changed_by(recheck->spoilers, NULL, relid, tid))
				queue_check(cascade, recheck, event, relid, tid, values, nulls);
		}
	return true;
}

/*
 * A referencing row that a step's query has found.  False: enough of them.
 */
static bool
apply_row(HookCascade *cascade, HookStep *step, Oid relid,
		  const ItemPointerData *tid, bool same, bool ours,
		  const Datum *values, const bool *nulls)
{
	if (hooks_tidset_has(cascade->doomed, relid, tid) ||
		is_changed_by(step->spoilers, NULL, relid, tid))
		return true;
	switch (step->effect)
	{
		case HOOK_EFFECT_DELETE:
			return doom(cascade,
						get_count(cascade, &step->state->count, step, step->effect),
						step->table, relid, tid, values, nulls);
		case HOOK_EFFECT_BLOCKED:
			block(cascade, step, relid, tid);
			return true;
		default:
			/* ri_set() looks whether the row refers to the same as before */
			if (same)
				block(cascade, step, relid, tid);
			return change(cascade, step, relid, tid, ours, values, nulls);
	}
}

/*
 * A changed row, and the one that it refers to now, NULL if there is none.
 * That may go later, so that it is watched.
 */
static void
apply_check(HookCascade *cascade, HookStep *step, Oid relid,
			const ItemPointerData *tid, bool is_free, int64 change,
			Oid referenced, ItemPointer referenced_tid)
{
	int64	   *last = last_change(cascade, relid, tid, false);
	Datum		row[5];
	bool		nulls[5] = {false};
	int			n = 0;

	if (is_free || hooks_tidset_has(cascade->doomed, relid, tid) ||
		(last != NULL && *last != change) ||
		is_changed_by(step->spoilers, step, relid, tid))
		return;
	if (referenced_tid == NULL ||
		hooks_tidset_has(cascade->doomed, referenced, referenced_tid))
	{
		block(cascade, step, relid, tid);
		return;
	}
	if (step->recheck || OidIsValid(step->state->default_relid))
		return;
	if (cascade->watched == NULL)
		cascade->watched = hooks_tidset_make(cascade->context);
	(void) hooks_tidset_add(cascade->watched, referenced, referenced_tid);
	while (list_nth(cascade->route->steps, n) != step)
		n++;
	row[0] = Int32GetDatum(n);
	row[1] = ObjectIdGetDatum(relid);
	row[2] = PointerGetDatum(tid);
	row[3] = ObjectIdGetDatum(referenced);
	row[4] = PointerGetDatum(referenced_tid);
	put(cascade, &cascade->watches, cascade->watch_desc, row, nulls);
}

/*
 * Rows were deleted in this round that changed ones refer to since an earlier
 * one: these block, if they are there still.
 */
static void
apply_watches(HookCascade *cascade)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(cascade->watch_desc,
													&TTSOpsMinimalTuple);

	cascade->fell = false;
	tuplestore_rescan(cascade->watches);
	while (tuplestore_gettupleslot(cascade->watches, true, false, slot))
	{
		HookStep   *step;
		Oid			relid;
		ItemPointer tid;

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		step = list_nth(cascade->route->steps, DatumGetInt32(slot->tts_values[0]));
		relid = DatumGetObjectId(slot->tts_values[1]);
		tid = (ItemPointer) DatumGetPointer(slot->tts_values[2]);
		if (!is_changed_by(step->spoilers, step, relid, tid) &&
			!hooks_tidset_has(cascade->doomed, relid, tid) &&
			hooks_tidset_has(cascade->doomed,
							 DatumGetObjectId(slot->tts_values[3]),
							 (ItemPointer) DatumGetPointer(slot->tts_values[4])))
			block(cascade, step, relid, tid);
	}
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * The row that the defaults of a key refer to is gone, and this is its event:
 * it would set the rows that refer to it by default to what they are.  They
 * block, if they are there still.
 */
static void
apply_default_event(HookCascade *cascade, HookStep *step)
{
	TupleTableSlot *slot;

	step->state->default_event = 0;
	if (cascade->changes == NULL)
		return;
	slot = MakeSingleTupleTableSlot(cascade->change_desc, &TTSOpsMinimalTuple);
	tuplestore_rescan(cascade->changes);
	while (tuplestore_gettupleslot(cascade->changes, true, false, slot))
	{
		HookCascadeCount *count;
		Oid			relid;
		ItemPointer tid;

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		count = list_nth(cascade->counts, DatumGetInt32(slot->tts_values[0]));
		relid = DatumGetObjectId(slot->tts_values[1]);
		tid = (ItemPointer) DatumGetPointer(slot->tts_values[2]);
		if (count->step == step &&
			!hooks_tidset_has(cascade->doomed, relid, tid) &&
			!is_changed_by(step->spoilers, step, relid, tid))
			block(cascade, step, relid, tid);
	}
	ExecDropSingleTupleTableSlot(slot);
}

static void
apply_default_events(HookCascade *cascade, int64 before)
{
	ListCell   *lc;

	foreach(lc, cascade->route->steps)
	{
		HookStep   *step = lfirst(lc);

		if (step->state->default_event > 0 && step->state->default_event <= before)
			apply_default_event(cascade, step);
	}
}

/*
 * No more rows are wanted of a lane in this round.
 */
static void
close_lane(Lane *lane)
{
	if (lane->portal == NULL)
		return;
	if (lane->batch != NULL)
		SPI_freetuptable(lane->batch);
	lane->batch = NULL;
	SPI_cursor_close(lane->portal);
	lane->portal = NULL;
}

/*
 * The next row of a lane's query; false, and the lane is closed, if there is
 * none.
 */
static bool
advance_lane(Lane *lane)
{
	bool		isnull;

	if (lane->portal == NULL)
		return false;
	if (lane->batch == NULL || ++lane->at >= lane->nbatch)
	{
		if (lane->batch != NULL)
			SPI_freetuptable(lane->batch);
		SPI_cursor_fetch(lane->portal, true, FETCH_ROWS);
		lane->batch = SPI_tuptable;
		lane->nbatch = SPI_processed;
		lane->at = 0;
		if (lane->nbatch == 0)
		{
			close_lane(lane);
			return false;
		}
		if (lane->found == NULL)
			lane->found = CreateTupleDescCopy(lane->batch->tupdesc);
	}
	lane->event = DatumGetInt64(heap_getattr(lane->batch->vals[lane->at], 1,
											 lane->batch->tupdesc, &isnull));
	return true;
}

/*
 * Gives a row of a lane to whom it concerns.
 *
 * Of the rows of one event, those that the cascade has changed come last, as
 * PostgreSQL finds them where their new versions are, behind the others.
 */
static void
apply_tuple(HookCascade *cascade, Lane *lane, HeapTuple tuple, bool may_wait)
{
	int			natts = lane->found->natts;
	Datum	   *values = palloc(sizeof(Datum) * natts);
	bool	   *nulls = palloc(sizeof(bool) * natts);
	Oid			relid;
	ItemPointer tid;
	bool		flag;

	CHECK_FOR_INTERRUPTS();
	heap_deform_tuple(tuple, lane->found, values, nulls);
	relid = DatumGetObjectId(values[1]);
	tid = (ItemPointer) DatumGetPointer(values[2]);
	flag = !nulls[3] && DatumGetBool(values[3]);
	if (lane->checks)
		apply_check(cascade, lane->step, relid, tid, flag,
					DatumGetInt64(values[4]),
					nulls[5] ? InvalidOid : DatumGetObjectId(values[5]),
					nulls[6] ? NULL : (ItemPointer) DatumGetPointer(values[6]));
	else if (may_wait &&
			 is_changed_by(lane->step->table->changes, NULL, relid, tid))
		lane->late = lappend(lane->late, heap_copytuple(tuple));
	else if (!apply_row(cascade, lane->step, relid, tid, flag,
						!nulls[4] && TransactionIdIsCurrentTransactionId(DatumGetTransactionId(values[4])),
						values + 5, nulls + 5))
	{
		/* enough: the rest need not be found */
		close_lane(lane);
	}
	pfree(values);
	pfree(nulls);
}

/*
 * Gives the row in hand of a lane to whom it concerns, and goes on to the next
 * one.
 */
static void
apply_lane(HookCascade *cascade, Lane *lane)
{
	int64		event = lane->event;
	ListCell   *lc;

	apply_tuple(cascade, lane, lane->batch->vals[lane->at],
				cascade->route->ordered);
	if ((advance_lane(lane) && lane->event == event) || lane->late == NIL)
		return;
	foreach(lc, lane->late)
		apply_tuple(cascade, lane, lfirst(lc), false);
	list_free_deep(lane->late);
	lane->late = NIL;
}

/*
 * Counts what a lane finds in this round.
 */
static void
count_lane(HookCascade *cascade, Lane *lane)
{
	HookStep   *step = lane->step;
	HookCascadeCount *count;
	bool		isnull;

	if (SPI_execute_plan(lane->plan, NULL, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not count the rows of foreign key \"%s\"", step->key->name);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;

		count = get_count(cascade, &step->state->count, step, step->effect);
		(void) count_row(cascade, count,
						 DatumGetObjectId(SPI_getbinval(tuple, desc, 1, &isnull)));
		count->rows += DatumGetInt64(SPI_getbinval(tuple, desc, 2, &isnull)) - 1;
	}
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Opens a lane's query for the next round; false if there is nothing to ask.
 *
 * The plan is kept from round to round, unless the number of rows is of
 * another order.
 */
static bool
open_lane(HookCascade *cascade, Lane *lane)
{
	double		rows = (double) lane->nnext;

	if (lane->current != NULL)
		tuplestore_end(lane->current);
	lane->current = lane->next;
	lane->next = NULL;
	lane->nnext = 0;
	if (lane->current == NULL)
		return false;

	lane->enr.reldata = lane->current;
	if (lane->plan == NULL || rows > 4 * lane->planned || 4 * rows < lane->planned)
	{
		if (lane->plan != NULL)
			SPI_freeplan(lane->plan);
		lane->enr.md.enrtuples = rows;
		lane->planned = rows;
		lane->plan = SPI_prepare(lane->query, 0, NULL);
		if (lane->plan == NULL)
			elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	}
	if (lane->counts)
		count_lane(cascade, lane);
	else
		lane->portal = SPI_cursor_open(NULL, lane->plan, NULL, NULL, true);
	return true;
}

/*
 * Works off the lanes, each as it comes, or all in the order of events.
 */
static void
run_lanes(HookCascade *cascade, List *lanes)
{
	int64		queued = cascade->event;
	ListCell   *lc;

	if (!cascade->route->ordered)
	{
		foreach(lc, lanes)
		{
			Lane	   *lane = lfirst(lc);

			(void) advance_lane(lane);
			while (lane->portal != NULL)
				apply_lane(cascade, lane);
		}
		return;
	}
	foreach(lc, lanes)
		(void) advance_lane(lfirst(lc));
	for (;;)
	{
		Lane	   *first = NULL;

		foreach(lc, lanes)
		{
			Lane	   *lane = lfirst(lc);

			if (lane->portal != NULL && (first == NULL || lane->event < first->event))
				first = lane;
		}
		apply_default_events(cascade, first == NULL ? queued : first->event);
		if (first == NULL)
			break;
		apply_lane(cascade, first);
	}
}

/*
 * The lanes that have something to ask, opened.
 */
static List *
open_lanes(HookCascade *cascade, bool deferred)
{
	List	   *lanes = NIL;
	ListCell   *lc;

	foreach(lc, cascade->route->steps)
	{
		HookStep   *step = lfirst(lc);

		if (!step->taken || step->deferred != deferred)
			continue;
		if (open_lane(cascade, &step->state->rows))
			lanes = lappend(lanes, &step->state->rows);
		if (open_lane(cascade, &step->state->checks))
			lanes = lappend(lanes, &step->state->checks);
	}
	return lanes;
}

/*
 * Tells of the rows that were changed and are there still.
 */
static void
tell_changes(HookCascade *cascade)
{
	TupleTableSlot *slot;

	if (cascade->changes == NULL)
		return;
	slot = MakeSingleTupleTableSlot(cascade->change_desc, &TTSOpsMinimalTuple);
	tuplestore_rescan(cascade->changes);
	while (tuplestore_gettupleslot(cascade->changes, true, false, slot))
	{
		HookCascadeCount *count;
		Oid			relid;
		ItemPointer tid;

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		count = list_nth(cascade->counts, DatumGetInt32(slot->tts_values[0]));
		relid = DatumGetObjectId(slot->tts_values[1]);
		tid = (ItemPointer) DatumGetPointer(slot->tts_values[2]);
		if (hooks_tidset_has(cascade->doomed, relid, tid))
			count->rows--;
		else
			visit(cascade, count, relid, tid);
	}
	ExecDropSingleTupleTableSlot(slot);
}

static HookCascadeCount *
root_count(HookCascade *cascade, Oid relid)
{
	HookCascadeCount *count = get_count(cascade, &cascade->root, NULL,
										HOOK_EFFECT_DELETE);

	if (!OidIsValid(count->relation))
		count->relation = relid;
	return count;
}

/*
 * Begins with the rows of a table that a condition selects; NULL: all of them.
 * The condition is one boolean expression, as hooks_condition_parse() has
 * found it to be; name is what it calls the table, if not by its own name.
 */
void
hooks_cascade_select(HookCascade *cascade, Oid relid, const char *name,
					 const char *condition)
{
	HookTable  *table = hooks_route_table(cascade->route, relid);
	HookCascadeCount *count = root_count(cascade, relid);
	StringInfoData query;
	ListCell   *lc;
	SPIPlanPtr	plan;
	Lane		lane = {0};

	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT 0::pg_catalog.int8, tableoid, ctid");
	foreach(lc, table->columns)
		appendStringInfo(&query, ", %s", column_name(relid, lfirst_int(lc)));
	appendStringInfo(&query, " FROM %s",
					 from_item(relid, name == NULL ? "" : quote_identifier(name)));
	if (condition != NULL)
		appendStringInfo(&query, " WHERE (%s\n)", condition);
	plan = SPI_prepare(query.data, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	lane.portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	while (advance_lane(&lane))
	{
		int			natts = lane.batch->tupdesc->natts;
		Datum	   *values = palloc(sizeof(Datum) * natts);
		bool	   *nulls = palloc(sizeof(bool) * natts);

		CHECK_FOR_INTERRUPTS();
		heap_deform_tuple(lane.batch->vals[lane.at], lane.batch->tupdesc,
						  values, nulls);
		if (!doom(cascade, count, table, DatumGetObjectId(values[1]),
				  (ItemPointer) DatumGetPointer(values[2]),
				  values + 3, nulls + 3))
		{
			close_lane(&lane);
			break;
		}
		pfree(values);
		pfree(nulls);
	}
	SPI_freeplan(plan);
	pfree(query.data);
}

/*
 * Begins with a row, in the slot of its own table.
 */
void
hooks_cascade_add(HookCascade *cascade, TupleTableSlot *slot)
{
	Oid			relid = slot->tts_tableOid;
	HookTable  *table = hooks_route_table(cascade->route, relid);
	Datum		values[MaxTupleAttributeNumber];
	bool		nulls[MaxTupleAttributeNumber];
	int			n = 0;
	ListCell   *lc;

	if (hooks_tidset_has(cascade->doomed, relid, &slot->tts_tid))
		return;
	foreach(lc, table->columns)
	{
		values[n] = slot_getattr(slot, lfirst_int(lc), &nulls[n]);
		n++;
	}
	(void) doom(cascade, root_count(cascade, relid), table, relid,
				&slot->tts_tid, values, nulls);
}

/*
 * Goes on from the rows that it was given, to the end.
 */
void
hooks_cascade_run(HookCascade *cascade)
{
	List	   *lanes;

	for (;;)
	{
		cascade->depth++;
		lanes = open_lanes(cascade, false);
		if (lanes == NIL)
			break;
		run_lanes(cascade, lanes);
		list_free(lanes);
		if (cascade->fell)
			apply_watches(cascade);
	}
	run_lanes(cascade, open_lanes(cascade, true));
	tell_changes(cascade);
}

static void
end_store(Tuplestorestate *store)
{
	if (store != NULL)
		tuplestore_end(store);
}

/*
 * Frees the walk, with what it has told.
 */
void
hooks_cascade_end(HookCascade *cascade)
{
	ListCell   *lc;

	foreach(lc, cascade->route->steps)
	{
		HookStepState *state = ((HookStep *) lfirst(lc))->state;

		end_store(state->rows.current);
		end_store(state->rows.next);
		end_store(state->checks.current);
		end_store(state->checks.next);
	}
	end_store(cascade->changes);
	end_store(cascade->watches);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	MemoryContextDelete(cascade->context);
}
