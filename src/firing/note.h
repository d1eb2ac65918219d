/*
 * note.h
 *		What the transaction did that hooks of phase before_commit wait for.
 */
#ifndef HOOKS_NOTE_H
#define HOOKS_NOTE_H

#include "postgres.h"

#include "nodes/bitmapset.h"
#include "storage/itemptr.h"

#include "registry/event.h"

/* Which rows of which hook a note is about */
typedef struct HookNoteKey
{
	int64		hook_id;
	Oid			target;			/* that the hook is on; see scope.h */
	HookAction	action;
} HookNoteKey;

/*
 * What one transaction level did to one table for one hook.
 */
typedef struct HookNote
{
	struct HookNote *older;
	HookNoteKey key;
	int			nest_level;		/* of the transaction */
	Oid			relid;			/* a table, the target or a partition, that it
								 * was done to first */
	Oid			caller;			/* who issued the first statement; InvalidOid
								 * if not known */
	Oid			role;			/* and who was the current user */
	bool		restricted;		/* in a security-restricted operation */
	int64		rows;			/* 0 of truncate */

	/*
	 * Until the query's event tells which columns it assigns, the note does
	 * not count: it is of one query, known by the old TID of the row that has
	 * the event.
	 */
	const Bitmapset *columns;	/* the hook's; NULL: the note counts */
	ItemPointerData first;
} HookNote;

/* all notes of the transaction, the newest first; NULL at its end */
extern HookNote *hooks_notes;

/*
 * Their memory, in TopTransactionContext, made with the first one; NULL before
 */
extern MemoryContext hooks_notes_cxt;

/* grows when notes go that a running query may have a pointer to */
extern uint64 hooks_notes_gone;

extern HookNote *hooks_note_get(const HookNoteKey *key, Oid relid,
								Oid caller);
extern HookNote *hooks_note_await(const HookNoteKey *key, Oid relid,
								  Oid caller, const Bitmapset *columns,
								  ItemPointer first);
extern void hooks_note_settle(Oid relid, ItemPointer first,
							  const Bitmapset *assigned);
extern HookNote *hooks_note_take(int64 hook_id);
extern void hooks_note_end_subtransaction(int nest_level, bool commit);
extern void hooks_note_end_transaction(void);

#endif							/* HOOKS_NOTE_H */
