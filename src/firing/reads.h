/*
 * reads.h
 *		Hooks on select: which relations a statement reads.
 */
#ifndef HOOKS_READS_H
#define HOOKS_READS_H

#include "postgres.h"

#include "executor/execdesc.h"
#include "nodes/plannodes.h"

#include "firing/context.h"

/* A relation that a statement reads, and that may have hooks */
typedef struct HookReadRelation
{
	Oid			relid;
	Bitmapset  *columns;		/* that it reads, offset as in
								 * tg_updatedcols */
} HookReadRelation;

/*
 * A statement that reads such relations.  Lives in the memory of its query,
 * and goes with it.
 */
typedef struct HookRead
{
	struct HookRead *older;
	const EState *estate;		/* NULL for COPY TO */
	List	   *relations;		/* of HookReadRelation; NIL: hooks are not
								 * told of it */
	const char *sql;
	Oid			target;			/* that the statement changes, or InvalidOid */
	CmdType		operation;
	Oid			caller;
	bool		from_client;	/* not from a function */
	int64		rows;			/* that it has returned or changed by now */
	MemoryContext context;
	MemoryContextCallback unlink;
} HookRead;

/*
 * The client sent a command that runs a query which is not its own text, such
 * as EXECUTE, and that query has not begun.
 */
extern bool hooks_reads_client_command;

extern void hooks_reads_ignore(const QueryDesc *query);
extern HookRead *hooks_reads_begin(QueryDesc *query);
extern void hooks_reads_ran(HookRead *read, const QueryDesc *query,
							bool at_end);
extern void hooks_reads_finish(const QueryDesc *query);
extern void hooks_reads_fire(const HookRead *read, HookPhase phase);

#endif							/* HOOKS_READS_H */
