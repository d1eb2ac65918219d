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
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "compat.h"
#include "context.h"
#include "settings.h"

/* the innermost firing; see above for what an abort does to it */
HookFiring *hooks_firing = NULL;

/* the record of the outermost firing; in TopMemoryContext, never freed */
HookFiring *hooks_outermost = NULL;

/*
 * KH003, naming the chain of hooks that got here, innermost first.
 */
static void
report_recursion(const char *hook)
{
	StringInfoData chain;
	int			shown = 1;

	initStringInfo(&chain);
	appendStringInfo(&chain, "\"%s\"", hook);
	for (const HookFiring *f = hooks_firing; f != NULL && shown < 8; f = f->outer)
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
			 errhint("A callback's own statements fire hooks. If that is meant, raise \"hooks.max_depth\".")));
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
		report_recursion(subject->hook);
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
 * The transaction level, and what is nested in it, aborts.
 */
void
hooks_context_abort(int nest_level)
{
	while (hooks_firing != NULL && hooks_firing->nest_level >= nest_level)
		hooks_firing = hooks_firing->outer;
}

/*
 * How messages call a firing: hook "x" (before_cascade delete on systems).
 * palloc'd.
 */
char *
hooks_context_describe(const HookFiring *firing)
{
	return psprintf("hook \"%s\" (%s %s on %s)", firing->subject->hook,
					hooks_event_phase_word(firing->subject->phase),
					hooks_event_action_word(firing->subject->naming ? HOOK_NAME :
											firing->subject->action),
					firing->subject->relation_name);
}

/*
 * The names of the assigned columns as name[]; false if none are known.
 */
static bool
assigned_columns(const HookFiring *firing, Datum *columns)
{
	Datum	   *names;
	int			n = 0;
	int			x = -1;

	if (bms_is_empty(firing->columns))
		return false;
	names = palloc(sizeof(Datum) * bms_num_members(firing->columns));
	while ((x = bms_next_member(firing->columns, x)) >= 0)
	{
		AttrNumber	attnum = x + FirstLowInvalidHeapAttributeNumber;
		char	   *name = get_attname(firing->subject->relation, attnum, true);

		if (name != NULL && attnum > 0)
			names[n++] = DirectFunctionCall1(namein, CStringGetDatum(name));
	}
	*columns = PointerGetDatum(construct_array(names, n, NAMEOID, NAMEDATALEN,
											   false, TYPALIGN_CHAR));
	return true;
}

static Datum
role_name(Oid role)
{
	const char *name = GetUserNameFromId(role, true);

	return DirectFunctionCall1(namein, CStringGetDatum(name ? name : ""));
}

PG_FUNCTION_INFO_V1(hooks_context);

/*
 * hooks.context() returns hooks.context
 *
 * Tells of the innermost firing; NULL outside one.  fired_at is the time of the
 * first call in the firing: reading the clock for every row would cost more than
 * most of what else is done for one.  What cannot be known (the
 * session's first statement, where the library was not preloaded) is NULL.
 */
Datum
hooks_context(PG_FUNCTION_ARGS)
{
	HookFiring *firing = hooks_firing;
	const HookStatement *root;
	bool		direct;
	Oid			root_relation = InvalidOid;
	const char *root_action = NULL;
	const char *text;
	Oid			constraint;
	Jsonb	   *metadata;
	TupleDesc	desc;
	Datum		values[16];
	bool		nulls[16] = {false};
	int			i = 0;

	if (firing == NULL)
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	/* TRUNCATE is no statement of the executor's */
	root = firing->subject->action == HOOK_TRUNCATE ? NULL :
		hooks_statement_root(firing->statement);
	direct = !firing->referential &&
		(root == NULL || hooks_statement_is_target(root, firing->subject->relation));
	if (!hooks_statement_target(root, &root_relation, &root_action) && direct)
	{
		root_relation = firing->subject->relation;
		root_action = hooks_event_action_word(firing->subject->action);
	}
	constraint = OidIsValid(firing->subject->constraint) ? firing->subject->constraint :
		hooks_statement_constraint(firing->statement);
	if (firing->fired_at == 0)
		firing->fired_at = GetCurrentTimestamp();
	text = hooks_statement_text(root);
	metadata = hooks_settings_metadata();

	values[i++] = CStringGetTextDatum(firing->subject->hook);
	values[i++] = CStringGetTextDatum(hooks_event_phase_word(firing->subject->phase));
	values[i++] = CStringGetTextDatum(hooks_event_action_word(firing->subject->naming ? HOOK_NAME : firing->subject->action));
	values[i++] = CStringGetTextDatum(hooks_event_level_word(firing->subject->level));
	values[i++] = ObjectIdGetDatum(firing->subject->relation);
	nulls[i] = !OidIsValid(root_relation);
	values[i++] = ObjectIdGetDatum(root_relation);
	nulls[i] = root_action == NULL;
	values[i++] = root_action ? CStringGetTextDatum(root_action) : (Datum) 0;
	nulls[i] = !direct;
	values[i++] = Int32GetDatum(0);
	nulls[i] = !OidIsValid(constraint);
	values[i++] = !OidIsValid(constraint) ? (Datum) 0 :
		DirectFunctionCall1(namein, CStringGetDatum(get_constraint_name(constraint)));
	values[i++] = role_name(firing->caller);
	values[i++] = role_name(GetSessionUserId());
	nulls[i] = !assigned_columns(firing, &values[i]);
	i++;
	nulls[i] = text == NULL;
	values[i++] = text ? CStringGetTextDatum(text) : (Datum) 0;
	values[i++] = FullTransactionIdGetDatum(GetTopFullTransactionId());
	values[i++] = TimestampTzGetDatum(firing->fired_at);
	nulls[i] = metadata == NULL;
	values[i++] = metadata ? JsonbPGetDatum(metadata) : (Datum) 0;
	Assert(i == lengthof(values) && desc->natts == lengthof(values));

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}
