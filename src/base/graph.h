/*
 * graph.h
 *		The foreign keys of the database, as a graph.
 */
#ifndef HOOKS_GRAPH_H
#define HOOKS_GRAPH_H

#include "postgres.h"

#include "access/attnum.h"
#include "nodes/pg_list.h"

/*
 * One foreign key as its owner made it.  What PostgreSQL derives from it for
 * partitions is not in the graph: it is about every row of either table, in
 * whatever partition.
 */
typedef struct HookForeignKey
{
	Oid			oid;
	char	   *name;
	Oid			referencing;	/* table */
	Oid			referenced;		/* table */
	char		on_delete;		/* FKCONSTR_ACTION_... */
	char		on_update;
	bool		full;			/* MATCH FULL */
	bool		deferred;		/* INITIALLY DEFERRED */
	bool		enforced;		/* not: only TRUNCATE minds it */
	bool		period;			/* its last column is a period of time */
	int			nkeys;
	AttrNumber *referencing_keys;
	AttrNumber *referenced_keys;
	Oid		   *operators;		/* referenced = referencing */
	Oid		   *referenced_operators;	/* referenced = referenced */
	Oid		   *own_operators;	/* referencing = referencing */
	int			nset;			/* columns of ON DELETE SET ... (columns) */
	AttrNumber *set;
} HookForeignKey;

typedef struct HookGraph HookGraph;

extern void hooks_graph_init(void);
extern const HookGraph *hooks_graph_pin(MemoryContext context);
extern List *hooks_graph_to(const HookGraph *graph, Oid referenced);
extern List *hooks_graph_from(const HookGraph *graph, Oid referencing);
extern List *hooks_graph_to_rows(const HookGraph *graph, Oid relid);
extern const HookForeignKey *hooks_graph_find(const HookGraph *graph,
											  Oid constraint);
extern bool hooks_graph_misses(const HookGraph *graph, Oid constraint);
extern bool hooks_graph_lock(const HookForeignKey *key);
extern Oid	hooks_graph_index(const HookForeignKey *key);
extern const char *hooks_graph_action_words(char action);

#endif							/* HOOKS_GRAPH_H */
