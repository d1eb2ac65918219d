/*
 * context.c
 *		The stack of firings, and hooks.context().
 *
 * Firings nest when a callback's own statements fire hooks.  An error leaves
 * the stack as it is; the abort of the (sub)transaction that follows any error
 * takes off what was begun in it (hooks_context_abort), before code that could
 * ask runs again.  That keeps a PG_TRY out of every firing.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "base/place.h"
#include "base/rights.h"
#include "base/settings.h"
#include "firing/context.h"
#include "firing/context_event.h"
#include "firing/provenance.h"
#include "firing/stats.h"
#include "firing/truncate.h"

/* the innermost firing; see above for what an abort does to it */
HookFiring *hooks_firing = NULL;

/*
 * The firing in which hooks.cancel() was called last.  NULL again when an
 * abort takes that off, or when another firing uses its record.
 */
const HookFiring *hooks_vetoing = NULL;

/* the record of the outermost firing; in TopMemoryContext, never freed */
HookFiring *hooks_outermost = NULL;

/*
 * KH003, naming the chain of hooks that got here, innermost first.
 */
static void
report_recursion(const HookSubject *subject)
{
	StringInfoData chain;
	int			shown = 1;

	initStringInfo(&chain);
	appendStringInfo(&chain, "\"%s\"", subject->hook);
	for (const HookFiring *f = hooks_firing; f != NULL &&
		 shown < 8; f = f->outer)
	{
		appendStringInfo(&chain, ", fired by \"%s\"", f->subject->hook);
		shown++;
	}
	if (hooks_firing->depth >= shown)
		appendStringInfoString(&chain, ", ...");
	ereport(ERROR,
			(errcode(ERRCODE_HOOK_RECURSION),
			 errmsg("hooks are nested deeper than %d levels", hooks_max_depth),
			 errdetail_internal("%s", chain.data),
			 errhint("A callback's own statements fire hooks. If that is meant, raise \"hooks.max_depth\"."),
			 hooks_place(subject->relation, InvalidOid)));
}

/*
 * The record for a firing inside the innermost one, made when such a depth is
 * first reached; KH003 if it is too deep.
 */
HookFiring *
hooks_context_new(const HookSubject *subject)
{
	HookFiring **record = hooks_firing == NULL ? &hooks_outermost :
		&hooks_firing->inner;

	if (hooks_firing != NULL && hooks_firing->depth >= hooks_max_depth)
		report_recursion(subject);
	if (*record == NULL)
	{
		HookFiring *firing = MemoryContextAllocZero(TopMemoryContext,
													sizeof(HookFiring));

		firing->outer = hooks_firing;
		firing->depth = hooks_firing == NULL ? 1 : hooks_firing->depth + 1;
		*record = firing;
	}
	return *record;
}

/*
 * The transaction level, and what is nested in it, aborts: the firings that
 * were begun in it have failed.
 */
void
hooks_context_abort(int nest_level)
{
	while (hooks_firing != NULL && hooks_firing->nest_level >= nest_level)
	{
		bool		veto = hooks_vetoing == hooks_firing;

		if (hooks_firing->tally != NULL)
			hooks_stats_count_failure(hooks_firing->tally, veto);
		if (veto)
			hooks_vetoing = NULL;
		hooks_firing = hooks_firing->outer;
	}
}

/*
 * The word for the action of a firing: at the moment of naming, and of a put,
 * it is not that of the event; of phase before_commit it may be several.
 */
const char *
hooks_context_action_word(const HookSubject *subject)
{
	if (subject->action != 0)
		return hooks_word_of_action(subject->action);
	if (subject->actions != 0)
		return hooks_word_action_list(subject->actions);
	return hooks_word_of_action(subject->event->action);
}

/*
 * How messages call a firing: hook "x" (before_cascade delete on systems).
 * palloc'd.
 */
char *
hooks_context_describe(const HookFiring *firing)
{
	const char *relation = firing->subject->relation_name;

	return psprintf("hook \"%s\" (%s %s%s%s)", firing->subject->hook,
					hooks_word_of_phase(firing->subject->event->phase),
					hooks_context_action_word(firing->subject),
					relation == NULL ? "" : " on ",
					relation == NULL ? "" : relation);
}

/*
 * The names of the columns that are assigned, or read, as name[]; false if
 * none are known.
 */
static bool
assigned_columns(const HookFiring *firing, Datum *columns)
{
	const HookOccurrence *occurrence = firing->subject->occurrence;
	const Bitmapset *assigned = firing->trigdata != NULL ?
		firing->trigdata->tg_updatedcols :
		occurrence != NULL ? occurrence->columns : NULL;
	Datum	   *names;
	int			n = 0;
	int			x = -1;

	if (bms_is_empty(assigned))
		return false;
	names = palloc(sizeof(Datum) * bms_num_members(assigned));
	while ((x = bms_next_member(assigned, x)) >= 0)
	{
		AttrNumber	attnum = x + FirstLowInvalidHeapAttributeNumber;
		char	   *name =
			get_attname(firing->subject->relation, attnum, true);

		if (name != NULL && attnum > 0)
			names[n++] = DirectFunctionCall1(namein, CStringGetDatum(name));
	}
	*columns = PointerGetDatum(construct_array(names, n, NAMEOID, NAMEDATALEN,
											   false, TYPALIGN_CHAR));
	return true;
}

/*
 * The table that a TRUNCATE names and that led it to the one that a firing is
 * about.  What CASCADE reaches may come from any that it names.
 */
static Oid
truncated_root(const HookFiring *firing, const HookTruncate *truncate)
{
	Oid			named;

	if (!hooks_truncate_names(truncate, firing->trigdata->tg_relation,
							  &named) &&
		list_length(truncate->named) == 1)
		named = linitial_oid(truncate->named);
	return named;
}

/*
 * What the statement of a firing did in the first place; false if it was not
 * that statement.
 */
static bool
find_own_root(const HookFiring *firing, const HookOrigin *origin,
			  const PlannedStmt *plan, HookRoot *root)
{
	HookRoot	common;

	if (origin->depth == 0 && firing->subject->batch == NULL)
	{
		Oid			relid = RelationGetRelid(firing->trigdata->tg_relation);
		CmdType		operation =
			hooks_statement_operation(firing->trigdata->tg_event);

		return firing->subject->event->level == HOOK_STATEMENT ?
			hooks_root_of_table(plan, relid, operation, root) :
			hooks_root_of_row(plan, relid, operation, root);
	}
	hooks_root_of_plan(plan, &common);
	*root = origin->root;
	if (!OidIsValid(root->relation))
		root->relation = common.relation;
	if (root->operation == CMD_UNKNOWN)
		root->operation = common.operation;
	return true;
}

/*
 * The table and action of the statement that a firing goes back to, and its
 * text; what is not known stays as it is.
 */
static void
describe_root(const HookFiring *firing, const HookOrigin *origin,
			  Oid *relation, const char **action, const char **sql)
{
	const HookSubject *subject = firing->subject;
	const PlannedStmt *plan;
	HookRoot	root;

	if (subject->occurrence != NULL)
	{
		*relation = subject->occurrence->relation;
		*action = subject->occurrence->action;
		*sql = subject->occurrence->sql;
		return;
	}
	if (subject->event->action == HOOK_DROP)
	{
		*action = hooks_word_of_action(HOOK_DROP);
		*sql = debug_query_string;
		if (origin->depth == 0)
			*relation = subject->relation;
		return;
	}

	/* The statements are over, or only one of many; or none has begun */
	if (subject->event->phase == HOOK_BEFORE_COMMIT ||
		subject->event->phase == HOOK_STARTUP)
	{
		*sql = debug_query_string;
		return;
	}

	/* TRUNCATE is no statement of the executor's */
	if (subject->event->action == HOOK_TRUNCATE)
	{
		*action = hooks_word_of_action(HOOK_TRUNCATE);
		*sql = origin->truncate != NULL ? origin->truncate->sql :
			debug_query_string;
		if (origin->truncate != NULL)
		{
			*relation = truncated_root(firing, origin->truncate);
			return;
		}
	}
	else
	{
		plan =
			hooks_statement_root(firing->statement, subject->query_cxt, sql);
		if (plan != NULL && find_own_root(firing, origin, plan, &root))
		{
			*relation = root.relation;
			*action = hooks_statement_action_word(root.operation);
			return;
		}
		if (firing->statement != NULL && firing->statement->query == NULL)
			*relation = firing->statement->copied;
		if (hooks_statement_all_seen() && origin->depth == 0)
			*action = hooks_word_of_action(subject->event->action);
	}

	/* it may have named the table above */
	if (!OidIsValid(*relation) && *action != NULL && origin->depth == 0 &&
		!has_superclass(subject->relation))
		*relation = subject->relation;
}

/*
 * Where the rows of a firing come from; found is for the answer, where it has
 * to be looked for.
 */
static const HookOrigin *
origin_of(const HookFiring *firing, HookOrigin *found)
{
	if (firing->origin != NULL)
		return firing->origin;
	hooks_provenance_of_event(firing->statement, firing->subject->event,
							  firing->trigdata, found);
	return found;
}

/*
 * Where the rows of a firing come from, the table and action of the statement
 * that it goes back to, and its text; what is not known is NULL or InvalidOid.
 * found is for the first, where it has to be looked for.
 */
const HookOrigin *
hooks_context_find(const HookFiring *firing, HookOrigin *found,
				   Oid *root_relation, const char **root_action,
				   const char **sql)
{
	const HookOrigin *origin = origin_of(firing, found);

	*root_relation = InvalidOid;
	*root_action = NULL;
	*sql = NULL;
	describe_root(firing, origin, root_relation, root_action, sql);
	return origin;
}

/*
 * For ereport(): the table of a firing, and the foreign key whose action it is
 * in, as far as that is known.
 */
int
hooks_context_place(const HookFiring *firing)
{
	HookOrigin	found;

	return hooks_place(firing->subject->relation,
					   origin_of(firing, &found)->constraint);
}

/*
 * The table of which the statement of a firing changed rows in the first
 * place; InvalidOid if that is not known.
 */
Oid
hooks_context_root(const HookFiring *firing)
{
	HookOrigin	found;
	Oid			relation;
	const char *action;
	const char *sql;

	(void) hooks_context_find(firing, &found, &relation, &action, &sql);
	return relation;
}

/*
 * The number of the transaction of a firing.  One that only reads gets none
 * for the sake of a hook: then, and on a standby, it is invalid unless there
 * is one.  Nor does one whose session only begins.
 */
FullTransactionId
hooks_context_transaction(const HookFiring *firing)
{
	return XactReadOnly || IsInParallelMode() ||
		firing->subject->event->phase == HOOK_STARTUP ?
		GetTopFullTransactionIdIfAny() : GetTopFullTransactionId();
}

PG_FUNCTION_INFO_V1(hooks_context);

/*
 * hooks.context() returns hooks.context
 *
 * Tells of the innermost firing; NULL outside one.  fired_at is the time of
 * the first call in the firing: reading the clock for every row would cost
 * more than most of what else is done for one.  What cannot be known (the
 * session's first statement, where the library was not preloaded) is NULL.
 */
Datum
hooks_context(PG_FUNCTION_ARGS)
{
	HookFiring *firing = hooks_firing;
	const HookEvent *event;
	const HookOrigin *origin;
	HookOrigin	found;
	Oid			root_relation;
	const char *root_action;
	const char *sql;
	char	   *constraint = NULL;
	FullTransactionId transaction;
	Jsonb	   *metadata;
	TupleDesc	desc;
	Datum		values[16];
	bool		nulls[16] = {false};
	int			i = 0;

	if (firing == NULL)
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	if (firing->event != NULL)
		PG_RETURN_DATUM(hooks_context_of_event(firing, desc));
	event = firing->subject->event;
	origin = hooks_context_find(firing, &found, &root_relation, &root_action,
								&sql);
	if (OidIsValid(origin->constraint))
		constraint = get_constraint_name(origin->constraint);
	if (firing->fired_at == 0)
		firing->fired_at = GetCurrentTimestamp();
	metadata = hooks_settings_metadata();

	values[i++] = CStringGetTextDatum(firing->subject->hook);
	values[i++] = CStringGetTextDatum(hooks_word_of_phase(event->phase));
	values[i++] =
		CStringGetTextDatum(hooks_context_action_word(firing->subject));
	if (event->level != HOOK_NO_LEVEL)
		values[i] = CStringGetTextDatum(hooks_word_of_level(event->level));
	nulls[i++] = event->level == HOOK_NO_LEVEL;
	nulls[i] = !OidIsValid(firing->subject->relation);
	values[i++] = ObjectIdGetDatum(firing->subject->relation);
	nulls[i] = !OidIsValid(root_relation);
	values[i++] = ObjectIdGetDatum(root_relation);
	nulls[i] = root_action == NULL;
	values[i++] = root_action ? CStringGetTextDatum(root_action) : (Datum) 0;
	nulls[i] = origin->depth == HOOK_DEPTH_UNKNOWN;
	values[i++] = Int32GetDatum(origin->depth);
	nulls[i] = constraint == NULL;
	values[i++] = constraint == NULL ? (Datum) 0 :
		DirectFunctionCall1(namein, CStringGetDatum(constraint));
	nulls[i] = !OidIsValid(firing->caller);
	values[i++] = hooks_rights_role_name(firing->caller);
	values[i++] = hooks_rights_role_name(GetSessionUserId());
	nulls[i] = !assigned_columns(firing, &values[i]);
	i++;
	nulls[i] = sql == NULL;
	values[i++] = sql ? CStringGetTextDatum(sql) : (Datum) 0;
	transaction = hooks_context_transaction(firing);
	nulls[i] = !FullTransactionIdIsValid(transaction);
	values[i++] = FullTransactionIdGetDatum(transaction);
	values[i++] = TimestampTzGetDatum(firing->fired_at);
	nulls[i] = metadata == NULL;
	values[i++] = metadata ? JsonbPGetDatum(metadata) : (Datum) 0;
	Assert(i == lengthof(values));
	if (desc->natts != lengthof(values))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension hooks is of another version than its library"),
				 errdetail("Type \"context\" does not have the attributes that the library expects.")));

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}
