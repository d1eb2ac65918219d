/*
 * order.c
 *		run_after: that the hooks are there which it names, and that it has no
 *		cycle.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/hsearch.h"

#include "registry/hook.h"
#include "registry/order.h"
#include "registry/registry.h"

/* A hook that another must wait for, and how it was come upon */
typedef struct Predecessor
{
	char		name[NAMEDATALEN];	/* hash key, must be first */
	const struct Predecessor *from; /* NULL: in run_after of the origin */
} Predecessor;

/*
 * Reports (42P17) the cycle that a hook closes which runs after the origin.
 */
static void
report_cycle(const char *origin, const Predecessor *last)
{
	List	   *path = NIL;
	StringInfoData cycle;
	ListCell   *lc;

	for (; last != NULL; last = last->from)
		path = lcons((char *) last->name, path);
	initStringInfo(&cycle);
	appendStringInfo(&cycle, "\"%s\"", origin);
	foreach(lc, path)
	{
		appendStringInfo(&cycle, " runs after \"%s\", which",
						 (char *) lfirst(lc));
	}
	appendStringInfo(&cycle, " runs after \"%s\"", origin);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
			 errmsg("run_after of hook \"%s\" has a cycle", origin),
			 errdetail_internal("%s.", cycle.data)));
}

/*
 * Adds the hooks of a run_after to the queue, each once.
 */
static List *
add_predecessors(List *queue, HTAB *seen, const char *origin,
				 ArrayType *run_after, const Predecessor *from)
{
	int			n;
	char	  **names = hooks_hook_strings(run_after, &n);

	for (int i = 0; i < n; i++)
	{
		Predecessor *entry;
		bool		found;

		if (strcmp(names[i], origin) == 0)
			report_cycle(origin, from);
		if (from == NULL)
			(void) hooks_registry_get(names[i]);
		entry = hash_search(seen, names[i], HASH_ENTER, &found);
		if (found)
			continue;
		entry->from = from;
		queue = lappend(queue, entry);
	}
	return queue;
}

/*
 * 42704 for a hook that is not there, 42P17 for a cycle.
 */
void
hooks_order_check(const Hook *hook)
{
	HASHCTL		info = {0};
	HTAB	   *seen;
	List	   *queue;

	info.keysize = NAMEDATALEN;
	info.entrysize = sizeof(Predecessor);
	info.hcxt = CurrentMemoryContext;
	seen = hash_create("hooks run_after", 64, &info,
					   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	queue = add_predecessors(NIL, seen, hook->name, hook->run_after, NULL);
	for (int i = 0; i < list_length(queue); i++)
	{
		const Predecessor *entry = list_nth(queue, i);
		const Hook *before = hooks_registry_find(entry->name);

		CHECK_FOR_INTERRUPTS();
		/* Further back, a hook that is gone has no say any more */
		if (before != NULL)
			queue = add_predecessors(queue, seen, hook->name,
									 before->run_after, entry);
	}
	hash_destroy(seen);
}
