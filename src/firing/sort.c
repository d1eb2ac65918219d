/*
 * sort.c
 *		The order in which the hooks of one event fire.
 */
#include "postgres.h"

#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "firing/sort.h"

/* A member that is being sorted */
typedef struct SortNode
{
	HookMember *member;
	int			waits_for;		/* so many, of which none is sorted yet */
	List	   *followers;		/* SortNodes that wait for this one */
} SortNode;

static int
compare_names(const void *a, const void *b)
{
	return strcmp((*(SortNode *const *) a)->member->hook->name,
				  (*(SortNode *const *) b)->member->hook->name);
}

/* the greatest comes first out of a heap: low priority, then age */
static int
compare_turns(Datum a, Datum b, void *arg)
{
	const SortNode *left = (const SortNode *) DatumGetPointer(a);
	const SortNode *right = (const SortNode *) DatumGetPointer(b);
	const Hook *one = left->member->hook;
	const Hook *other = right->member->hook;

	if (one->priority != other->priority)
		return one->priority < other->priority ? 1 : -1;
	if (one->hook_id != other->hook_id)
		return one->hook_id < other->hook_id ? 1 : -1;
	return left < right ? 1 : left > right ? -1 : 0;
}

/*
 * Tells the members of a name that a node waits for them.  They are found in
 * an array that is sorted by name.
 */
static void
wait_for(SortNode *node, SortNode **by_name, int n, const char *name)
{
	int			low = 0;
	int			high = n;

	Assert(node->waits_for >= 0);
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (strcmp(by_name[middle]->member->hook->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n &&
		 strcmp(by_name[low]->member->hook->name, name) == 0; low++)
	{
		if (by_name[low] == node)
			continue;
		by_name[low]->followers = lappend(by_name[low]->followers, node);
		node->waits_for++;
	}
}

/*
 * Sorts members of one event into firing order: run_after is obeyed; where it
 * leaves a choice, the lower priority goes first, then the older hook.  After
 * phases unwind, so they get the reverse.
 *
 * The members that wait for no other are in a heap; each that comes out of it
 * may let others in.
 */
void
hooks_sort_members(HookMember **members, int n, HookPhase phase)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "hooks chain order",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	SortNode   *nodes = palloc0(sizeof(SortNode) * Max(n, 1));
	SortNode  **by_name = palloc(sizeof(SortNode *) * Max(n, 1));
	binaryheap *ready = binaryheap_allocate(Max(n, 1), compare_turns, NULL);
	int			done = 0;

	for (int i = 0; i < n; i++)
	{
		nodes[i].member = members[i];
		by_name[i] = &nodes[i];
	}
	qsort(by_name, n, sizeof(SortNode *), compare_names);
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int k = 0; k < members[i]->nrun_after; k++)
			wait_for(&nodes[i], by_name, n, members[i]->run_after[k]);
	}
	for (int i = 0; i < n; i++)
		if (nodes[i].waits_for == 0)
			binaryheap_add_unordered(ready, PointerGetDatum(&nodes[i]));
	binaryheap_build(ready);
	while (!binaryheap_empty(ready))
	{
		SortNode   *node =
			(SortNode *) DatumGetPointer(binaryheap_remove_first(ready));
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		members[phase == HOOK_AFTER ? n - 1 - done : done] = node->member;
		done++;
		foreach(lc, node->followers)
		{
			if (--((SortNode *) lfirst(lc))->waits_for == 0)
				binaryheap_add(ready, PointerGetDatum(lfirst(lc)));
		}
	}
	if (done < n)
		elog(ERROR, "run_after of hooks has a cycle");
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
