/*
 * restored.h
 *		Reads kept rows, to put them back.
 */
#ifndef HOOKS_RESTORED_H
#define HOOKS_RESTORED_H

#include "postgres.h"

#include "recycle/kept.h"
#include "recycle/putback.h"

/* A restore of some kept cascades */
typedef struct HookRestore
{
	const char *column;			/* whose value is being read; NULL: none */
	const char *table;
	int64		kept_id;		/* that is being read */
	Oid			caller;
	bool		quiet;			/* users' triggers and hooks do not fire */
	bool		skip;			/* columns that are gone are left out */
	MemoryContext context;
	List	   *removed;		/* of HookRestored: one for each format */
	List	   *changed;		/* one for each cascade and format, the last
								 * change first */
	int64		rows;			/* that were removed */
} HookRestore;

extern List *hooks_restored_holders(Oid relid);
extern void hooks_restored_read(HookRestore *restore, List *entries);

#endif							/* HOOKS_RESTORED_H */
