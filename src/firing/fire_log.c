/*
 * fire_log.c
 *		Writes what happened in a statement to the log.
 *
 * All after_commit hooks on one table share what is written.  Hooks with a
 * condition choose their rows first, each by itself and under its own policy;
 * then the rows that anybody wants are written (log_chunk.c), with a note of
 * who wants which.
 *
 * Nothing that fails here may stop the statement, unless it is what no policy
 * swallows.  If the rows cannot be written for all hooks together, each hook
 * is tried alone, so that what fails for one costs no other its event.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/rel.h"

#include "base/attempt.h"
#include "base/place.h"
#include "base/settings.h"
#include "firing/batch_reader.h"
#include "firing/call_condition.h"
#include "firing/fire.h"
#include "firing/fire_batch.h"
#include "firing/fire_log.h"
#include "firing/log.h"
#include "firing/log_chunk.h"
#include "firing/policy.h"
#include "firing/provenance.h"
#include "firing/sandbox.h"
#include "firing/trace.h"

/* The hooks on one table that get the same event */
typedef struct LogGroup
{
	HookRun    *run;
	Relation	target;
	bool		naming;			/* for action name */
	TriggerData trigdata;
	const HookOrigin *origin;
	Oid			caller;
	List	   *hooks;			/* of HookLogShare, by hook_id */
	HookLogSource source;		/* what is written for all of them */
} LogGroup;

/* One of them, for what runs under its policy */
typedef struct LogAttempt
{
	LogGroup   *group;
	HookLogShare *share;		/* NULL: all of the group */
} LogAttempt;

/*
 * Begins a firing of a hook of the group, for hooks.context(), the policy and
 * its messages.  The caller pops it.
 */
static HookFiring *
push_firing(LogGroup *group, HookLogShare *share)
{
	HookFiring *firing;

	hooks_call_prepare_subject(group->run, share->call,
							   RelationGetRelid(group->target),
							   RelationGetRelationName(group->target));
	firing = hooks_context_push(&share->call->subject,
								GetCurrentTransactionNestLevel());
	firing->trigdata = &group->trigdata;
	firing->origin = group->origin;
	firing->caller = group->caller;
	return firing;
}

/*
 * Runs body(attempt) under the policy of a hook; if it failed, the hook gets
 * nothing of this statement.
 */
static void
run_under_policy(LogAttempt *attempt, void (*body) (void *arg))
{
	HookLogShare *share = attempt->share;
	HookFiring *firing = push_firing(attempt->group, share);

	if (hooks_policy_run(share->call->member, firing, body,
						 attempt) != HOOK_DONE)
		share->out = true;
	hooks_context_pop(firing);
}

/*
 * Notes the rows that a hook wants.
 */
static void
choose_rows(LogGroup *group, HookLogShare *share)
{
	const HookMember *member = share->call->member;
	int64		size = hooks_batch_reader_size(group->run->batch);
	HookBatchReader rows;

	share->chosen = palloc0((size + BITS_PER_BYTE - 1) / BITS_PER_BYTE);
	hooks_batch_reader_begin(&rows, group->run->batch, group->target);
	while (hooks_batch_reader_next(&rows))
	{
		if ((!group->naming ||
			 hooks_fire_is_naming(member, rows.old, rows.new)) &&
			hooks_call_condition(group->run, share->call, rows.old,
								 rows.new))
			share->chosen[rows.number / BITS_PER_BYTE] |=
				1 << (rows.number % BITS_PER_BYTE);
	}
	hooks_batch_reader_end(&rows);
}

static void
choose_in_sandbox(void *arg)
{
	LogAttempt *attempt = arg;
	const HookMember *member = attempt->share->call->member;
	HookSandbox sandbox;

	if (member->broken != NULL)
		ThrowErrorData(member->broken);
	hooks_sandbox_enter(&sandbox, member->hook, attempt->group->caller);
	choose_rows(attempt->group, attempt->share);
	hooks_sandbox_leave(&sandbox);
}

/*
 * What a hook chooses depends on nothing but the rows, unless its condition
 * can fail.
 */
static void
choose_for_hook(LogGroup *group, HookLogShare *share)
{
	const HookMember *member = share->call->member;
	LogAttempt	attempt = {group, share};

	if (member->broken != NULL ||
		(member->condition != NULL &&
		 !hooks_call_condition_is_safe(share->call)))
		run_under_policy(&attempt, choose_in_sandbox);
	else if (member->condition != NULL || group->naming)
		choose_rows(group, share);
}

/*
 * Writes the rows for one hook, or all.
 */
static void
write_wanted(void *arg)
{
	LogAttempt *attempt = arg;
	LogGroup   *group = attempt->group;
	HookLogShare *share = attempt->share;
	HookLogSource *source = &group->source;
	HookLogSource alone;

	if (share != NULL)
	{
		source = &alone;
		hooks_log_chunk_begin(source, group->run->batch, group->target,
							  list_make1(share));
	}
	else
		share = linitial(group->hooks);
	if (hooks_firing == NULL ||
		hooks_firing->subject != &share->call->subject)
	{
		/* for what the event tells of it, and errors */
		HookFiring *firing = push_firing(group, share);
		ErrorContextCallback context;

		firing->tally = NULL;	/* an error is not this hook's alone */
		context.callback = hooks_policy_add_context;
		context.arg = firing;
		context.previous = error_context_stack;
		error_context_stack = &context;
		hooks_log_chunk_write(source, firing);
		error_context_stack = context.previous;
		hooks_context_pop(firing);
	}
	else
		hooks_log_chunk_write(source, hooks_firing);
}

static List *
still_in(List *shares)
{
	List	   *in = NIL;
	ListCell   *lc;

	foreach(lc, shares)
	{
		HookLogShare *share = lfirst(lc);

		if (!share->out)
			in = lappend(in, share);
	}
	return in;
}

/*
 * For whoever observes: what the hooks of the group get.
 */
static void
tell_of_shares(LogGroup *group)
{
	int64		size = group->run->batch == NULL ? 0 :
		hooks_batch_reader_size(group->run->batch);
	ListCell   *lc;

	foreach(lc, group->hooks)
	{
		HookLogShare *share = lfirst(lc);
		HookFiring *firing;
		int64		rows = share->chosen == NULL ? size :
			(int64) pg_popcount((char *) share->chosen,
								(size + BITS_PER_BYTE - 1) / BITS_PER_BYTE);

		if (share->out)
			continue;
		if (share->chosen != NULL && rows == 0)
		{
			hooks_trace_miss(share->call, group->naming ? HOOK_MISS_NAMING :
							 HOOK_MISS_CONDITION);
			continue;
		}
		firing = push_firing(group, share);
		hooks_trace_logged(firing, rows);
		hooks_context_pop(firing);
	}
}

static void
write_for_group(LogGroup *group)
{
	LogAttempt	attempt = {group, NULL};
	ListCell   *lc;

	foreach(lc, group->hooks)
	{
		choose_for_hook(group, lfirst(lc));
	}
	group->hooks = still_in(group->hooks);
	if (group->hooks == NIL)
		return;
	if (list_length(group->hooks) > HOOK_LOG_MAX_HOOKS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("cannot have more than %d after_commit hooks on table \"%s\"",
						HOOK_LOG_MAX_HOOKS,
						RelationGetRelationName(group->target))));
	hooks_log_chunk_begin(&group->source, group->run->batch, group->target,
						  group->hooks);
	if (hooks_rowjson_is_plain(group->source.json))
	{
		write_wanted(&attempt);
		return;
	}
	if (list_length(group->hooks) > 1 &&
		hooks_attempt(write_wanted, &attempt) == NULL)
		return;
	foreach(lc, group->hooks)
	{
		attempt.share = lfirst(lc);
		run_under_policy(&attempt, write_wanted);
	}
}

/*
 * 0A000 where what is done must not outlast the operation; KH003 if the event
 * follows from too many others.
 */
static void
check_allowed(const HookCall *call)
{
	const char *hook = call->member->hook->name;

	if (hooks_statement_is_restricted())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot fire hook \"%s\" within a security-restricted operation",
						hook),
				 errdetail("Its callback would be called when the operation is over."),
				 hooks_place(call->member->target, InvalidOid)));
	if (hooks_log_generation >= hooks_max_depth)
		ereport(ERROR,
				(errcode(ERRCODE_HOOK_RECURSION),
				 errmsg("deliveries to hooks follow from each other through more than %d generations",
						hooks_max_depth),
				 errdetail("The last of them is to hook \"%s\".", hook),
				 errhint("A callback writes to a table whose hook leads back to it. If that is meant, raise \"hooks.max_depth\"."),
				 hooks_place(call->member->target, InvalidOid)));
}

/*
 * The hooks of a run from the first one on that get the same event as it:
 * those on the same table that are due.  Marks them as done.
 */
static List *
take_group(HookRun *run, int first, const Bitmapset *assigned, bool *done)
{
	const HookMember *model = run->calls[first].member;
	List	   *shares = NIL;

	for (int i = first; i < run->length; i++)
	{
		HookCall   *call = &run->calls[i];
		const HookMember *member = call->member;
		HookLogShare *share;

		if (done[i] || member->target != model->target ||
			((member->hook->actions ^ model->hook->actions) & HOOK_NAME) != 0)
			continue;
		done[i] = true;
		if (!hooks_fire_is_due(call, assigned))
			continue;
		check_allowed(call);
		share = palloc0(sizeof(HookLogShare));
		share->call = call;
		shares = lappend(shares, share);
	}
	return shares;
}

/*
 * Writes what the hooks of a run want, table by table.
 */
static void
write_run(HookRun *run, const TriggerData *trigdata, Oid caller,
		  const HookOrigin *origin)
{
	bool	   *done = palloc0(sizeof(bool) * Max(run->length, 1));

	for (int i = 0; i < run->length; i++)
	{
		const HookMember *member = run->calls[i].member;
		LogGroup	group = {run};
		bool		is_open;

		if (done[i])
			continue;
		group.trigdata = *trigdata;
		group.trigdata.tg_updatedcols = run->batch == NULL ? NULL :
			hooks_fire_batch_assigned(run->batch, trigdata, member->target);
		group.hooks = take_group(run, i, group.trigdata.tg_updatedcols, done);
		if (group.hooks == NIL)
			continue;
		is_open = RelationGetRelid(trigdata->tg_relation) == member->target;
		group.target = is_open ? trigdata->tg_relation :
			table_open(member->target, AccessShareLock);
		group.naming = (member->hook->actions & HOOK_NAME) != 0;
		group.trigdata.tg_relation = group.target;
		group.origin = origin;
		group.caller = caller;
		write_for_group(&group);
		if (unlikely(hooks_observed))
			tell_of_shares(&group);
		if (!is_open)
			table_close(group.target, NoLock);
	}
}

/*
 * Writes the rows of a batch to the log.  row_trigger is what the trigger
 * manager has called dispatch() with for the batch's first row, and query_cxt
 * the executor's memory of that query.
 */
void
hooks_fire_log_batch(HookBatch *batch, TriggerData *row_trigger,
					 MemoryContext query_cxt)
{
	HookRun    *run = hooks_fire_batch_prepare(batch, batch->event, query_cxt);

	Assert(batch->event->phase == HOOK_AFTER_COMMIT);
	write_run(run, row_trigger,
			  hooks_statement_caller(hooks_statement, run->origin, query_cxt),
			  run->origin);
}

/*
 * Writes a statement that has no rows, a TRUNCATE, to the log.
 */
void
hooks_fire_log_statement(HookRun *run, TriggerData *trigdata)
{
	HookOrigin	origin;

	Assert(run->event->action == HOOK_TRUNCATE);
	hooks_provenance_of_event(hooks_statement, run->event, trigdata, &origin);
	write_run(run, trigdata, GetUserId(), &origin);
}
