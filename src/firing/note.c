/*
 * note.c
 *		What the transaction did that hooks of phase before_commit wait for.
 *
 * A note says: this hook, this table, this action, so many rows.  Each level
 * of the transaction has its own notes, so that a rollback to a savepoint
 * removes exactly the notes that were made after it.  A subtransaction that
 * commits adds its notes to those of the level around it.  However many rows
 * there are, a hook has one note for each of its tables and actions.
 *
 * The list is a stack: the newest notes belong to the innermost level.  All of
 * it is in a memory context below TopTransactionContext.
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

MemoryContext hooks_notes_cxt = NULL;

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

	if (hooks_notes_cxt == NULL)
		hooks_notes_cxt = AllocSetContextCreate(TopTransactionContext,
												"hooks notes",
												ALLOCSET_SMALL_SIZES);
	note = MemoryContextAllocZero(hooks_notes_cxt, sizeof(HookNote));
	note->key = *key;
	note->nest_level = GetCurrentTransactionNestLevel();
	note->relid = relid;
	note->caller = caller;
	note->role = GetUserId();
	note->restricted = InSecurityRestrictedOperation();
	note->older = hooks_notes;
	Assert(note->older == NULL ||
		   note->older->nest_level <= note->nest_level);
	hooks_notes = note;
	return note;
}

/*
 * The note of the current transaction level for a key, made if there is none;
 * the caller counts its rows.  0A000 in an operation in which a firing is not
 * allowed.
 */
HookNote *
hooks_note_get(const HookNoteKey *key, Oid relid, Oid caller)
{
	HookNote   *note = find_note(hooks_notes, key,
								 GetCurrentTransactionNestLevel());

	/*
	 * A callback at commit runs outside of the restricted operation, and
	 * could do what is forbidden in it.  PostgreSQL refuses deferred triggers
	 * for the same reason.
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
 * assigns.  The event of the row with the given old TID will show them.
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
	old = MemoryContextSwitchTo(hooks_notes_cxt);
	note->columns = bms_copy(columns);
	note->first = *first;
	MemoryContextSwitchTo(old);
	return note;
}

/*
 * The event of a query, of the row with the given old TID, shows which columns
 * it assigns: now its notes count, or are removed.
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
 * Removes the notes of a hook from the list, and returns them, the oldest
 * first.  They are valid until the transaction ends.
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
 * A subtransaction ends: its notes are removed, or belong to the level around
 * it.  Called after an abort, too, so nothing here throws.
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
	hooks_notes_cxt = NULL;
}
