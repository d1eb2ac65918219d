/*
 * truncate.h
 *		What TRUNCATE ... CASCADE empties.
 */
#ifndef HOOKS_TRUNCATE_H
#define HOOKS_TRUNCATE_H

#include "postgres.h"

#include "graph.h"

/* A table of a TRUNCATE ... CASCADE */
typedef struct HookTruncated
{
	Oid			relid;
	int			depth;
	const HookForeignKey *key;	/* by which it comes in; NULL for the first */
} HookTruncated;

extern List *hooks_truncate_tables(const HookGraph *graph, Oid relid);

#endif							/* HOOKS_TRUNCATE_H */
