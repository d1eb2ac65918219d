/*
 * drop.c
 *		Hooks on "drop".
 *
 * They fire at the start of the command, while everything is there, for each
 * relation that it is about to remove, whether it names it or reaches it by
 * CASCADE: first all hooks of phase before, then those of before_cascade.
 *
 * What becomes of hooks whose table is dropped is another matter: dropped.c.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/ancestors.h"
#include "base/attempt.h"
#include "ddl/dependents.h"
#include "ddl/described.h"
#include "ddl/drop.h"
#include "ddl/targets.h"
#include "ddl/told.h"
#include "firing/fire.h"
#include "firing/payload.h"
#include "firing/trace.h"
#include "registry/scope.h"

/* What a firing tells of the command */
typedef struct DropCommand
{
	const char *tag;			/* "DROP TABLE" */
	HookDependents *dependents;
	bool		switched_off;	/* by hooks.enabled: nothing fires */
	HookPayloadValue *objects;	/* the same; NULL until a hook fires */
	MemoryContext context;		/* that all of it lives in */
} DropCommand;

/*
 * The list of what goes, made once for all firings of a command.
 */
static HookPayloadValue *
objects_of(DropCommand *command)
{
	MemoryContext old = MemoryContextSwitchTo(command->context);
	JsonbInState state = {0};
	ListCell   *lc;

	if (command->objects == NULL)
	{
		hooks_jsonb_push(&state, WJB_BEGIN_ARRAY, NULL);
		foreach(lc, command->dependents->list)
		{
			CHECK_FOR_INTERRUPTS();
			hooks_described_add(&state,
								&((HookDependent *) lfirst(lc))->address,
								((HookDependent *) lfirst(lc))->original);
		}
		hooks_jsonb_push(&state, WJB_END_ARRAY, NULL);
		command->objects =
			hooks_payload_share(JsonbValueToJsonb(state.result));
	}
	MemoryContextSwitchTo(old);
	return command->objects;
}

/*
 * The event of a drop.
 */
static Jsonb *
make_event(HookFiring *firing, void *arg)
{
	DropCommand *command = arg;
	JsonbInState state = hooks_payload_begin(firing);

	hooks_payload_add(&state, "command", command->tag);
	return hooks_payload_end_shared(&state, "objects", objects_of(command));
}

/*
 * Is a hook wide, and fires for a partitioned table above the relation, as
 * that goes with it?
 */
bool
hooks_drop_fires_above(const Hook *hook, Oid relid,
					   const HookDependents *dependents)
{
	ListCell   *lc;

	if (OidIsValid(hook->relation))
		return false;
	foreach(lc, hooks_ancestors_of(relid))
	{
		ObjectAddress ancestor;

		ObjectAddressSet(ancestor, RelationRelationId, lfirst_oid(lc));
		if (hooks_scope_covers(hook, lfirst_oid(lc)) &&
			hooks_dependents_has(dependents, &ancestor))
			return true;
	}
	return false;
}

/*
 * Fires the hooks of an event for a relation that is about to go.
 */
static void
fire_relation(const HookEvent *event, const HookDependent *dependent,
			  DropCommand *command)
{
	Oid			relid = dependent->address.objectId;
	Relation	rel = try_relation_open(relid, AccessShareLock);
	MemoryContext context;
	MemoryContext old;
	HookRun    *run;

	if (rel == NULL)
		return;
	context = AllocSetContextCreate(command->context, "hooks drop firing",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	run = hooks_fire_prepare(event, list_make1_oid(relid), context);
	if (unlikely(hooks_observed))
		hooks_trace_absent_of_run(run);
	for (int i = 0; i < run->length; i++)
	{
		HookCall   *call = &run->calls[i];

		if (hooks_drop_fires_above(call->member->hook, relid,
								   command->dependents))
			call->out = true;
	}
	if (command->switched_off)
		hooks_fire_leave_out_run(run, HOOK_MISS_SWITCH);
	else
		hooks_fire_event(run, rel, dependent->original, make_event, command);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	relation_close(rel, NoLock);
}

static bool
is_relation(const ObjectAddress *address)
{
	if (address->classId != RelationRelationId || address->objectSubId != 0)
		return false;
	switch (get_rel_relkind(address->objectId))
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_FOREIGN_TABLE:
		case RELKIND_VIEW:
		case RELKIND_MATVIEW:
			return true;
		default:
			return false;
	}
}

/*
 * Fires the hooks of all relations that go.
 */
static void
fire_relations(DropCommand *command)
{
	ListCell   *lc;

	for (int i = 0; i < HOOK_EVENTS; i++)
	{
		if (hooks_events[i].action != HOOK_DROP)
			continue;
		foreach(lc, command->dependents->list)
		{
			HookDependent *dependent = lfirst(lc);

			if (is_relation(&dependent->address))
				fire_relation(&hooks_events[i], dependent, command);
		}
	}
}

/*
 * Counts the hooks that the kill switch leaves out of a command.
 */
static void
leave_out_all(void *arg)
{
	DropCommand drop = {""};
	bool		cascade;
	List	   *targets;

	drop.context = CurrentMemoryContext;
	drop.switched_off = true;
	targets = hooks_targets_find(arg, &cascade);
	drop.dependents = hooks_dependents_find(targets, cascade);
	fire_relations(&drop);
}

/*
 * Fires the hooks on "drop" of all relations that a command is about to
 * remove; told.c sees to it that it removes them.  With the kill switch no
 * error of ours stops the command.
 */
void
hooks_drop_fire(Node *command, const char *tag)
{
	DropCommand drop = {tag};
	List	   *targets;
	bool		cascade;
	MemoryContext context;
	MemoryContext old;

	context = AllocSetContextCreate(CurrentMemoryContext, "hooks drop",
									ALLOCSET_DEFAULT_SIZES);
	drop.context = context;
	old = MemoryContextSwitchTo(context);
	if (hooks_settings_kill_switch())
	{
		(void) hooks_attempt(leave_out_all, command);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
		return;
	}
	targets = hooks_targets_find(command, &cascade);
	if (targets != NIL)
		hooks_told_begin(command, targets);
	drop.dependents = hooks_dependents_find(targets, cascade);
	fire_relations(&drop);
	if (targets != NIL)
		hooks_told_check_targets(command,
								 hooks_targets_find(command, &cascade));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
