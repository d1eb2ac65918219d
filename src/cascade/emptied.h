/*
 * emptied.h
 *		What TRUNCATE ... CASCADE empties.
 */
#ifndef HOOKS_EMPTIED_H
#define HOOKS_EMPTIED_H

#include "postgres.h"

#include "base/graph.h"

/* A table of a TRUNCATE ... CASCADE */
typedef struct HookTruncated
{
	Oid			relid;
	int			depth;
	const HookForeignKey *key;	/* why it is emptied; NULL for the first */
} HookTruncated;

extern bool hooks_emptied_has(List *tables, Oid relid);
extern List *hooks_emptied_tables(const HookGraph *graph, Oid relid);

#endif							/* HOOKS_EMPTIED_H */
