/*
 * note.c
 *		What the transaction did that hooks of phase before_commit wait for.
 *
 * A note says: this hook, this table, this action, so many rows.  Each level
 * of the transaction has notes of its own, so that a savepoint that is rolled
 * back takes back what was done after it, and nothing else; a level that ends
 * well adds its notes to those of the level around it.  However many rows
 * there are, a hook has one note for each of its tables and actions.
 *
 * The list is a stack: what is newest belongs to the innermost level.  All is
 * in a memory context below TopTransactionContext.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "firing/commit.h"
#include "firing/note.h"
#include "firing/statement.h"

HookNote   *hooks_notes = NULL;

uint64		hooks_notes_gone = 0;

/* of the notes; NULL if there are none.  Goes with TopTransactionContext */
static MemoryContext notes_cxt = NULL;

static bool
same_key(const HookNoteKey *a, const HookNoteKey *b)
{
	return a->hook_id == b->hook_id && a->target == b->target &&
		a->action == b->action;
}

/*
 * The note of this key that counts, of one transaction level; NULL if there is
 * none.
 */
static HookNote *
find_note(HookNote *newest, const HookNoteKey *key, int nest_level)
{
	for (HookNote *note = newest;
		 note != NULL && note->nest_level >= nest_level; note = note->older)
		if (note->nest_level == nest_level && note->columns == NULL &&
			same_key(&note->key, key))
			return note;
	return NULL;
}

static void
free_note(HookNote *note)
{
	hooks_notes_gone++;
	bms_free(unconstify(Bitmapset *, note->columns));
	pfree(note);
}

static HookNote *
add_note(const HookNoteKey *key, Oid relid, Oid caller)
{
	HookNote   *note;

	if (notes_cxt == NULL)
		notes_cxt = AllocSetContextCreate(TopTransactionContext,
										  "hooks notes",
										  ALLOCSET_SMALL_SIZES);
	note = MemoryContextAllocZero(notes_cxt, sizeof(HookNote));
	note->key = *key;
	note->nest_level = GetCurrentTransactionNestLevel();
	note->relid = relid;
	note->caller = caller;
	note->role = GetUserId();
	note->older = hooks_notes;
	Assert(note->older == NULL ||
		   note->older->nest_level <= note->nest_level);
	hooks_notes = note;
	return note;
}

/*
 * The note of the current transaction level for what is being done, made if
 * there is none; the caller counts its rows.  0A000 where the firing could not
 * be allowed.
 */
HookNote *
hooks_note_get(const HookNoteKey *key, Oid relid, Oid caller)
{
	HookNote   *note = find_note(hooks_notes, key,
								 GetCurrentTransactionNestLevel());

	/*
	 * What runs at commit is outside of the operation, and would do what is
	 * forbidden in it.  PostgreSQL refuses deferred triggers likewise.
	 */
	if (hooks_statement_is_restricted())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot fire hooks of phase \"before_commit\" for what a security-restricted operation does")));
	hooks_commit_arm();
	return note != NULL ? note : add_note(key, relid, caller);
}

/*
 * A note that does not count yet, as it depends on the columns that the query
 * assigns: its event, of the row with the given old TID, will tell.
 */
HookNote *
hooks_note_await(const HookNoteKey *key, Oid relid, Oid caller,
				 const Bitmapset *columns, ItemPointer first)
{
	int			nest_level = GetCurrentTransactionNestLevel();
	HookNote   *note;
	MemoryContext old;

	Assert(columns != NULL);
	for (note = hooks_notes;
		 note != NULL && note->nest_level >= nest_level; note = note->older)
		if (note->columns != NULL && note->relid == relid &&
			same_key(&note->key, key) &&
			ItemPointerEquals(&note->first, first))
			return note;
	note = add_note(key, relid, caller);
	old = MemoryContextSwitchTo(notes_cxt);
	note->columns = bms_copy(columns);
	note->first = *first;
	MemoryContextSwitchTo(old);
	return note;
}

/*
 * The event of a query tells which columns it assigns, in the row with the
 * given old TID: its notes count now, or go.
 */
void
hooks_note_settle(Oid relid, ItemPointer first, const Bitmapset *assigned)
{
	HookNote  **link = &hooks_notes;

	while (*link != NULL)
	{
		HookNote   *note = *link;
		HookNote   *counts;

		if (note->columns == NULL || note->relid != relid ||
			!ItemPointerEquals(&note->first, first))
		{
			link = &note->older;
			continue;
		}
		*link = note->older;
		if (bms_overlap(note->columns, assigned))
		{
			counts = hooks_note_get(&note->key, relid, note->caller);
			counts->rows += note->rows;
		}
		free_note(note);
	}
}

/*
 * Takes the notes of a hook out, the oldest first: the caller has them until
 * the transaction ends.
 */
HookNote *
hooks_note_take(int64 hook_id)
{
	HookNote   *taken = NULL;
	HookNote  **link = &hooks_notes;

	while (*link != NULL)
	{
		HookNote   *note = *link;

		if (note->key.hook_id != hook_id || note->columns != NULL)
		{
			link = &note->older;
			continue;
		}
		*link = note->older;
		note->older = taken;
		taken = note;
		hooks_notes_gone++;
	}
	return taken;
}

/*
 * A subtransaction ends: what was done in it goes, or belongs to the one
 * around it.  Called after an abort, too: nothing here throws.
 */
void
hooks_note_end_subtransaction(int nest_level, bool commit)
{
	HookNote  **link = &hooks_notes;

	while (*link != NULL && (*link)->nest_level >= nest_level)
	{
		HookNote   *note = *link;
		HookNote   *outer = !commit || note->columns != NULL ? NULL :
			find_note(note->older, &note->key, nest_level - 1);

		if (commit && outer == NULL)
		{
			note->nest_level = nest_level - 1;
			link = &note->older;
			continue;
		}
		if (outer != NULL)
			outer->rows += note->rows;
		*link = note->older;
		free_note(note);
	}
}

/*
 * The transaction ends.
 */
void
hooks_note_end_transaction(void)
{
	hooks_notes = NULL;
	notes_cxt = NULL;
}
