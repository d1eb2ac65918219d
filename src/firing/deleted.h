/*
 * deleted.h
 *		The deletes that are running: their rows, and what was found of their
 *		cascades.
 */
#ifndef HOOKS_DELETED_H
#define HOOKS_DELETED_H

#include "postgres.h"

#include "firing/batch.h"
#include "firing/statement.h"

/* What was found for a table that somebody asked for */
typedef struct HookDeleteAnswer
{
	Oid			target;			/* InvalidOid: it does not hold any more */
	Oid			role;			/* for whom: it may read all on the way */
	int			nest_level;		/* of the transaction when it was found */
	MemoryContext context;
	List	   *tables;			/* target, partitions, children: OIDs */
	List	   *files;			/* of each, where its rows are */
	List	   *rows;			/* of HookTidList */
} HookDeleteAnswer;

/* A statement that deletes, while it runs */
typedef struct HookDelete
{
	struct HookDelete *outer;
	uint64		level;			/* as in HookStatement */
	int			nest_level;		/* of the transaction when it began */
	MemoryContext query_cxt;	/* of a statement that was not seen, or NULL */
	bool		closed;			/* its before_closure hooks have fired */
	List	   *watched;		/* OIDs: tables of its closure, while its
								 * before_closure hooks fire; else NIL */
	bool		touched;		/* a callback has written to one of these, or
								 * altered it */
	int64		kept_id;		/* as what hooks.keep() has kept it, or 0 */
	int			kept_level;		/* of the transaction when it did */
	MemoryContext context;
	List	   *batches;		/* of HookBatch: its own rows */
	List	   *answers;		/* of HookDeleteAnswer */
	List	   *told;			/* of HookTold: by told.c */
} HookDelete;

/* the running deletes of which something is known, innermost first */
extern HookDelete *hooks_deletes;

extern HookDelete *hooks_deleted_get(const HookStatement *root);
extern HookDelete *hooks_deleted_of_query(MemoryContext query_cxt);
extern bool hooks_deleted_adopt(HookBatch *batch);
extern void hooks_deleted_watch(HookDelete *statement, List *tables);
extern void hooks_deleted_note_writes(const EState *estate);
extern void hooks_deleted_note_change(Oid relid);
extern void hooks_deleted_end_statement(uint64 level);
extern void hooks_deleted_end_subtransaction(int nest_level, bool commit);

#endif							/* HOOKS_DELETED_H */
