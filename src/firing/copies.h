/*
 * copies.h
 *		Hooks on load and dump: COPY of a relation.
 */
#ifndef HOOKS_COPIES_H
#define HOOKS_COPIES_H

#include "postgres.h"

#include "nodes/parsenodes.h"

#include "firing/access.h"

/* A COPY that names a relation which has hooks */
typedef struct HookCopy
{
	HookAction	action;			/* load or dump */
	bool		reads;			/* by itself, not as a query */
	HookAccess	access;
} HookCopy;

extern HookCopy *hooks_copies_begin(const CopyStmt *command, const char *sql,
									bool client);
extern void hooks_copies_end(HookCopy *copy, uint64 rows);

#endif							/* HOOKS_COPIES_H */
