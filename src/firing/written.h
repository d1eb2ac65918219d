/*
 * written.h
 *		Counts the rows that statements write, for hooks.rehearse().
 */
#ifndef HOOKS_WRITTEN_H
#define HOOKS_WRITTEN_H

#include "postgres.h"

#include "executor/execdesc.h"
#include "utils/hsearch.h"

#include "registry/event.h"

/* What tells apart what was written */
typedef struct HookWrittenKey
{
	Oid			relid;
	HookAction	action;			/* insert, update, delete or truncate */
	int			depth;			/* of the cascade */
	Oid			constraint;		/* whose action it was; else InvalidOid */
	int			nest_level;		/* of the transaction */
} HookWrittenKey;

typedef struct HookWritten
{
	HookWrittenKey key;			/* must be first */
	uint64		place;			/* in the order of all that happens */
	int64		rows;
} HookWritten;

/* One count, from its begin to its end */
typedef struct HookWriting
{
	struct HookWriting *outer;
	int			nest_level;		/* of the subtransaction that it is about */
	const struct HookStatement *around; /* the statement that began it */
	uint64		clock;			/* places given out */
	HTAB	   *written;		/* of HookWritten */
	HTAB	   *seen;			/* what was counted before, by table */
} HookWriting;

/* the innermost one; NULL if nobody rehearses */
extern HookWriting *hooks_writing;

extern void hooks_written_begin(HookWriting *writing);
extern void hooks_written_end(HookWriting *writing);
extern void hooks_written_step(void);
extern void hooks_written_nothing(const QueryDesc *query);
extern void hooks_written_end_subtransaction(int nest_level, bool commit);

#endif							/* HOOKS_WRITTEN_H */
