/*
 * doomed.h
 *		The rows of a table that the current delete removes.
 */
#ifndef HOOKS_DOOMED_H
#define HOOKS_DOOMED_H

#include "postgres.h"

#include "batch.h"
#include "context.h"

/* The rows found that one table holds */
typedef struct HookDoomedRows
{
	Oid			relid;
	int64		n;
	int64		size;
	ItemPointerData *tids;
} HookDoomedRows;

/* what is known of the running deletes, innermost first; NULL mostly */
extern struct DoomedStatement *hooks_doomed_statements;

extern List *hooks_doomed_rows(const HookFiring *firing, Oid target);
extern bool hooks_doomed_adopt(HookBatch *batch);
extern void hooks_doomed_end_statement(uint64 level);
extern void hooks_doomed_end_subtransaction(int nest_level, bool commit);

#endif							/* HOOKS_DOOMED_H */
