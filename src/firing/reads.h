/*
 * reads.h
 *		Hooks on select: which relations a statement reads.
 */
#ifndef HOOKS_READS_H
#define HOOKS_READS_H

#include "postgres.h"

#include "executor/execdesc.h"
#include "utils/portal.h"

#include "firing/access.h"

/*
 * A statement that reads.  Lives in the memory of its query, and goes with it.
 */
typedef struct HookRead
{
	struct HookRead *older;
	const EState *estate;
	Portal		portal;			/* that runs it; NULL: none, as in EXPLAIN */
	HookAccess	access;			/* without relations: hooks are not told */
	MemoryContextCallback unlink;
} HookRead;

extern void hooks_reads_client_command(Node *command);
extern void hooks_reads_ignore(const QueryDesc *query);
extern HookRead *hooks_reads_begin(QueryDesc *query);
extern void hooks_reads_ran(HookRead *read, const QueryDesc *query,
							bool at_end);
extern void hooks_reads_finish(const QueryDesc *query);

#endif							/* HOOKS_READS_H */
