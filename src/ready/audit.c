/*
 * audit.c
 *		hooks.audit(): who changed which row, from what to what.
 *
 * audited.c writes it down.
 */
#include "postgres.h"

#include "catalog/pg_attribute.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "ready/audited.h"
#include "ready/changes.h"
#include "ready/ready.h"

/*
 * The names of the columns in which two versions of a row differ, as text[].
 */
static ArrayType *
find_changed(TupleDesc desc, TupleTableSlot *old, TupleTableSlot *new)
{
	Datum	   *names = palloc(sizeof(Datum) * desc->natts);
	int			n = 0;

	slot_getallattrs(old);
	slot_getallattrs(new);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Datum		one = old->tts_values[i];
		Datum		other = new->tts_values[i];

		if (att->attisdropped ||
			(old->tts_isnull[i] && new->tts_isnull[i]))
			continue;
		/* the first comparison does not fetch large values */
		if (old->tts_isnull[i] != new->tts_isnull[i] ||
			!(datumIsEqual(one, other, att->attbyval, att->attlen) ||
			  datum_image_eq(one, other, att->attbyval, att->attlen)))
			names[n++] = CStringGetTextDatum(NameStr(att->attname));
	}
	return construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT);
}

static Jsonb *
make_json(HookRowJson *rowjson, TupleTableSlot *slot)
{
	return slot == NULL ? NULL : hooks_rowjson_make(rowjson, slot);
}

static void
write_audited(HookFiring *firing, HookChanges *changes, HookRowJson *rowjson)
{
	HookAuditedWriter *writer = hooks_audited_begin(firing);
	TupleDesc	desc = RelationGetDescr(firing->trigdata->tg_relation);
	MemoryContext row_cxt = AllocSetContextCreate(CurrentMemoryContext,
												  "hooks audited row",
												  ALLOCSET_DEFAULT_SIZES);

	while (hooks_changes_next(changes))
	{
		MemoryContext old = MemoryContextSwitchTo(row_cxt);
		Jsonb	   *old_row;
		Jsonb	   *new_row;
		ArrayType  *changed = NULL;

		CHECK_FOR_INTERRUPTS();
		hooks_rowjson_enter(rowjson);
		old_row = make_json(rowjson, changes->old);
		new_row = make_json(rowjson, changes->new);
		hooks_rowjson_leave(rowjson);
		if (changes->old != NULL && changes->new != NULL)
			changed = find_changed(desc, changes->old, changes->new);
		hooks_audited_add(writer, changed, old_row, new_row);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_cxt);
	}
	MemoryContextDelete(row_cxt);
	hooks_audited_end(writer);
}

PG_FUNCTION_INFO_V1(hooks_audit);

/*
 * hooks.audit() returns trigger
 *
 * In a firing of phase after: writes down the changed rows, for
 * hooks.audit_log.  Arguments of the hook: columns to leave out.  39P01 if it
 * is called elsewhere.
 */
Datum
hooks_audit(PG_FUNCTION_ARGS)
{
	HookFiring *firing = hooks_ready_begin(fcinfo, "audit");
	HookChanges changes;

	hooks_changes_begin(&changes, firing->trigdata);
	if (changes.count > 0 || firing->subject->event->action == HOOK_TRUNCATE)
		write_audited(firing, &changes, hooks_ready_rowjson(fcinfo, 0));
	hooks_changes_end(&changes);
	return PointerGetDatum(NULL);
}
