/*
 * fire_commit.c
 *		Fire the hooks of phase before_commit that have notes.
 *
 * The notes of a hook are taken when it fires, so they include what hooks
 * before it did.  What its own callback does makes no notes for it.  What
 * other hooks and triggers do later makes it fire once more; hooks.max_depth
 * limits such rounds.
 *
 * commit.c says when.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/identity.h"
#include "base/settings.h"
#include "firing/fire.h"
#include "firing/fire_commit.h"
#include "firing/note.h"
#include "firing/payload.h"
#include "firing/sort.h"
#include "firing/trace.h"
#include "registry/present.h"

/* what is firing; none outside of firings and at the end of a transaction */
static HookCommitRounds now = {0};

/* A hook that has notes */
typedef struct DueHook
{
	HookMember *member;
	HookRun    *run;			/* of its table */
	HookCall   *call;			/* in the run */
} DueHook;

/* The tables and actions of a firing */
typedef struct CommitEvent
{
	HookNote   *notes;			/* the oldest first */
} CommitEvent;

static const HookEvent *
event_of(HookAction action)
{
	return hooks_event_find(HOOK_BEFORE_COMMIT, HOOK_NO_LEVEL, action);
}

/*
 * Adds what was done to the tables: an array of objects.
 */
static void
add_changes(JsonbInState *state, const HookNote *notes)
{
	hooks_payload_key(state, "changes");
	hooks_jsonb_push(state, WJB_BEGIN_ARRAY, NULL);
	for (const HookNote *note = notes; note != NULL; note = note->older)
	{
		hooks_jsonb_push(state, WJB_BEGIN_OBJECT, NULL);
		hooks_payload_add(state, "relation",
						  hooks_payload_relation(note->key.target));
		hooks_payload_add(state, "action",
						  hooks_word_of_action(note->key.action));
		hooks_payload_key(state, "rows");
		hooks_payload_push_integer(state, WJB_VALUE,
								   note->key.action == HOOK_TRUNCATE ? -1 :
								   note->rows);
		hooks_jsonb_push(state, WJB_END_OBJECT, NULL);
	}
	hooks_jsonb_push(state, WJB_END_ARRAY, NULL);
}

static Jsonb *
make_commit_event(HookFiring *firing_now, void *arg)
{
	JsonbInState state = hooks_payload_begin(firing_now);

	add_changes(&state, ((CommitEvent *) arg)->notes);
	return hooks_payload_end(&state);
}

/*
 * Leaves out the notes of tables that are gone, and of actions that the hook
 * is not for any more.
 */
static HookNote *
notes_that_count(HookNote *notes, const Hook *hook)
{
	HookNote  **link = &notes;

	while (*link != NULL)
	{
		const HookNoteKey *key = &(*link)->key;

		if (get_rel_relkind(key->target) != '\0' &&
			hooks_event_wants(event_of(key->action), hook->phase, hook->level,
							  hook->actions))
			link = &(*link)->older;
		else
			*link = (*link)->older;
	}
	return notes;
}

/*
 * Becomes the role that wrote the first row, which need not be the role that
 * commits, in a security-restricted operation if it was in one.  The
 * committing role's search_path must not decide what names mean: the hook's
 * own search_path is set.
 */
static void
become_writer(const Hook *hook, const HookNote *note, HookIdentity *before)
{
	Oid			role = note->role;

	if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role that hook \"%s\" runs as does not exist",
						hook->name)));
	hooks_identity_enter(before, role,
						 note->restricted ? HOOKS_RESTRICTED :
						 SECURITY_LOCAL_USERID_CHANGE,
						 hooks_hook_path(hook));
}

/*
 * Fires a hook, if it still has notes.
 */
static void
fire_hook(const DueHook *due)
{
	const Hook *hook = due->member->hook;
	HookNote   *notes = hooks_note_take(hook->hook_id);
	CommitEvent event = {notes_that_count(notes, hook)};
	HookOrigin	origin = {HOOK_DEPTH_UNKNOWN};
	HookOccasion occasion = {0};
	HookIdentity before;
	bool		other;

	if (event.notes == NULL)
		return;
	if (hooks_settings_is_paused(hook->hook_id))
	{
		hooks_stats_count_bypass(due->member->tally);
		if (unlikely(hooks_observed))
			hooks_trace_miss(due->call, HOOK_MISS_PAUSED);
		return;
	}
	occasion.relid = event.notes->key.target;
	occasion.relation_name = get_rel_name(occasion.relid);
	for (HookNote *note = event.notes; note != NULL; note = note->older)
		occasion.actions |= note->key.action;
	occasion.caller = event.notes->caller;
	occasion.origin = &origin;
	occasion.make = make_commit_event;
	occasion.arg = &event;

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	now.hook_id = hook->hook_id;

	other = hook->run_as == HOOK_AS_INVOKER &&
		event.notes->role != GetUserId();
	if (other)
		become_writer(hook, event.notes, &before);
	hooks_call_event(due->run, due->call, &occasion);
	if (other)
		hooks_identity_end(&before);
	now.hook_id = 0;
	PopActiveSnapshot();
}

/*
 * The run of the hooks on a table at an event; NULL if the table is gone.
 */
static HookRun *
run_of(List **runs, Oid relid, const HookEvent *event)
{
	HookRun    *run;
	Relation	rel;
	ListCell   *lc;

	foreach(lc, *runs)
	{
		run = lfirst(lc);
		if (run->event == event &&
			((HookRelation *) linitial(run->pinned))->relid == relid)
			return run;
	}
	rel = try_relation_open(relid, AccessShareLock);
	if (rel == NULL)
		return NULL;
	run = hooks_fire_prepare(event, list_make1_oid(relid),
							 CurrentMemoryContext);
	relation_close(rel, NoLock);
	*runs = lappend(*runs, run);
	return run;
}

/*
 * Finds the hook of a note among those of a table.
 */
static bool
find_hook_on(List **runs, Oid relid, const HookNote *note, DueHook *due)
{
	due->run = run_of(runs, relid, event_of(note->key.action));
	for (int i = 0; due->run != NULL && i < due->run->length; i++)
	{
		due->call = &due->run->calls[i];
		due->member = due->call->member;
		if (due->member->hook->hook_id == note->key.hook_id)
			return true;
	}
	return false;
}

/*
 * Finds the present state of the hook of a note: among the hooks of the table
 * that was written or, if this is gone or no partition any more, of the table
 * that the hook is on.  False if it is not in force.
 */
static bool
find_hook(List **runs, const HookNote *note, DueHook *due)
{
	return find_hook_on(runs, note->relid, note, due) ||
		(note->relid != note->key.target &&
		 find_hook_on(runs, note->key.target, note, due));
}

/*
 * The hooks that have notes, in firing order: an array, and its length.
 */
static DueHook *
find_due(int *length)
{
	List	   *runs = NIL;
	DueHook    *due = palloc(sizeof(DueHook));
	HookMember **members;
	DueHook    *sorted;
	int			n = 0;

	for (const HookNote *note = hooks_notes; note != NULL; note = note->older)
	{
		bool		known = false;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n && !known; i++)
			known = due[i].member->hook->hook_id == note->key.hook_id;
		if (known || !find_hook(&runs, note, &due[n]))
			continue;
		n++;
		due = repalloc(due, sizeof(DueHook) * (n + 1));
	}

	members = palloc(sizeof(HookMember *) * Max(n, 1));
	for (int i = 0; i < n; i++)
		members[i] = due[i].member;
	hooks_sort_members(members, n, HOOK_BEFORE_COMMIT);
	sorted = palloc(sizeof(DueHook) * Max(n, 1));
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			if (due[j].member == members[i])
				sorted[i] = due[j];
	*length = n;
	return sorted;
}

/*
 * Forgets the notes of hooks that are not in force, and of queries that were
 * not finished.
 */
static void
forget_others(const DueHook *due, int n)
{
	HookNote  **link = &hooks_notes;

	while (*link != NULL)
	{
		bool		known = false;

		for (int i = 0; i < n && !known; i++)
			known = due[i].member->hook->hook_id == (*link)->key.hook_id;
		if (known && (*link)->columns == NULL)
			link = &(*link)->older;
		else
			*link = (*link)->older;
	}
	hooks_notes_gone++;
}

/*
 * KH003, if hooks go on making one another fire.
 */
static void
check_rounds(const DueHook *due)
{
	if (++now.rounds > hooks_max_depth)
		ereport(ERROR,
				(errcode(ERRCODE_HOOK_RECURSION),
				 errmsg("hooks of phase \"before_commit\" have fired more than %d times in one transaction",
						hooks_max_depth),
				 errdetail("Hook \"%s\" would fire once more for what was done after its last firing.",
						   due->member->hook->name),
				 errhint("Hooks or deferred triggers make one another fire. If that is meant, raise \"hooks.max_depth\".")));
}

/*
 * Fires each hook that has notes.
 */
void
hooks_fire_commit_round(void)
{
	DueHook    *due;
	int			n;

	/* there are no hooks if the extension was dropped meanwhile */
	if (hooks_settings_kill_switch() || !hooks_present_registry())
	{
		hooks_notes = NULL;
		return;
	}
	due = find_due(&n);
	forget_others(due, n);
	if (n > 0)
		check_rounds(due);
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		fire_hook(&due[i]);
	}
}


/*
 * Is the callback of this hook running?
 */
bool
hooks_fire_commit_is_running(int64 hook_id)
{
	return hook_id == now.hook_id;
}

/*
 * Begins rounds inside of others; returns what has to be put back after them,
 * or after their failure.
 */
HookCommitRounds
hooks_fire_commit_begin(void)
{
	HookCommitRounds outer = now;

	now.rounds = 0;
	return outer;
}

void
hooks_fire_commit_end(HookCommitRounds outer)
{
	now = outer;
}

/*
 * The transaction ends.
 */
void
hooks_fire_commit_end_transaction(void)
{
	now.hook_id = 0;
	now.rounds = 0;
}
