/*
 * chain.c
 *		The backend's cache of chains: which hooks fire on a relation, in
 *		order.
 *
 * An entry is built from the definitions of hooks when a statement first needs
 * it.  It lives until a relcache message for its relation arrives (any write
 * to the registry sends one), or a function or role changes.  A statement pins
 * the entry that it started with and keeps it to its end, so a changed hook is
 * in force from the next statement on, as a trigger would be.
 *
 * Each entry owns a memory context below CacheMemoryContext.  A stale entry
 * leaves the hash table at once and is freed with its last pin.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "commands/trigger.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/ancestors.h"
#include "base/attempt.h"
#include "base/settings.h"
#include "firing/chain.h"
#include "firing/planned.h"
#include "registry/scope.h"

typedef struct ChainEntry
{
	Oid			relid;			/* hash key, must be first */
	HookRelation *relation;
} ChainEntry;

/* relid -> HookRelation; made once by hooks_chain_init() */
static HTAB *entries = NULL;

/*
 * The relations that hooks_chain_tell() has told of; NULL until it has any.
 * It lasts as long as the session.
 */
static HTAB *told = NULL;

/*
 * Counts invalidations of anything.  An entry that was being built when one
 * arrived serves the statement that asked for it and no other.
 */
static uint64 invalidations = 0;

static void
forget_entry(ChainEntry *entry)
{
	HookRelation *relation = entry->relation;

	Assert(!relation->stale);
	hash_search(entries, &entry->relid, HASH_REMOVE, NULL);
	relation->stale = true;
	if (relation->pins == 0)
		MemoryContextDelete(relation->context);
}

static void
forget_all(void)
{
	HASH_SEQ_STATUS status;
	ChainEntry *entry;

	hash_seq_init(&status, entries);
	while ((entry = hash_seq_search(&status)) != NULL)
		forget_entry(entry);
}

static void
forget_relation(Datum arg, Oid relid)
{
	ChainEntry *entry;

	invalidations++;
	if (!OidIsValid(relid))
		forget_all();
	else if ((entry = hash_search(entries, &relid, HASH_FIND, NULL)) != NULL)
		forget_entry(entry);
}

/* functions; roles, and who is a member of them */
static void
catalog_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	invalidations++;
	forget_all();
}

/*
 * Makes the cache.  From _PG_init() only.
 */
void
hooks_chain_init(void)
{
	HASHCTL		info = {0};

	info.keysize = sizeof(Oid);
	info.entrysize = sizeof(ChainEntry);
	entries = hash_create("hooks chains", 32, &info, HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(forget_relation, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, catalog_changed, (Datum) 0);
}

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
hooks_chain_sort(HookMember **members, int n, HookPhase phase)
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

/*
 * Does a hook fire under this session's replication role?
 */
bool
hooks_chain_role_fires(HookFire fire)
{
	return fire == HOOK_ALWAYS ||
		(fire == HOOK_REPLICA) ==
		(SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA);
}

/* an interval as whole ms, at least 1; months count 30 days */
static int
interval_ms(const Interval *interval)
{
	double		ms;

	if (interval == NULL)
		return 0;
	ms = interval->time / 1000.0 +
		(interval->day + interval->month * (double) DAYS_PER_MONTH) *
		SECS_PER_DAY * 1000.0;
	return (int) Max(1, Min(ms, INT_MAX));
}

typedef struct Compilation
{
	HookMember *member;
	Relation	rel;
} Compilation;

static void
compile(void *arg)
{
	Compilation *compilation = arg;
	HookMember *member = compilation->member;

	member->condition =
		hooks_planned_condition(member->hook, compilation->rel);
	member->condition_safe = hooks_planned_cannot_fail(member->condition);
}

/*
 * The columns of a hook as attribute numbers of a relation, its own or a
 * partition of it, which has columns of the same names.
 */
static Bitmapset *
columns_in(const Hook *hook, Relation rel)
{
	Bitmapset  *columns = NULL;
	ListCell   *lc;

	foreach(lc, hook->columns)
	{
		AttrNumber	attnum = lfirst_int(lc);

		if (hook->relation != RelationGetRelid(rel))
			attnum = get_attnum(RelationGetRelid(rel),
								get_attname(hook->relation, attnum, false));
		columns = bms_add_member(columns,
								 attnum - FirstLowInvalidHeapAttributeNumber);
	}
	return columns;
}

/* will the error be the same until a definition or an object changes? */
static bool
is_lasting(int sqlerrcode)
{
	int			category = ERRCODE_TO_CATEGORY(sqlerrcode);

	return category == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION ||
		category == ERRCODE_DATA_EXCEPTION ||
		category == ERRCODE_INVALID_SCHEMA_NAME;
}

static HookMember *
make_member(const HookReach *reach, Relation rel)
{
	HookMember *member = palloc0(sizeof(HookMember));
	Hook	   *hook = reach->hook;

	member->hook = hook;
	member->target = reach->target;
	member->columns = columns_in(hook, rel);
	if (hook->condition != NULL)
	{
		Compilation compilation = {member, rel};

		/*
		 * What cannot be planned, as 1/0, must not take the statement down
		 * unless the hook's policy says so: the error waits for the firing.
		 */
		member->broken = hooks_attempt(compile, &compilation);
		if (member->broken != NULL)
		{
			member->condition = NULL;

			/* What may pass by itself (a lock timeout) is tried again */
			if (!is_lasting(member->broken->sqlerrcode))
				invalidations++;
		}
	}
	member->arguments =
		hooks_hook_strings(hook->arguments, &member->narguments);
	member->run_after =
		hooks_hook_strings(hook->run_after, &member->nrun_after);
	member->timeout = interval_ms(hook->timeout);
	return member;
}

/*
 * Adds what is wrong with a hook to a list of strings, once.
 */
static List *
add_problem(List *problems, const Hook *hook, const char *problem)
{
	char	   *text = problem == NULL ?
		psprintf("hook \"%s\" has no row in hooks.registry", hook->name) :
		psprintf("hook \"%s\" cannot fire: %s", hook->name, problem);
	ListCell   *lc;

	foreach(lc, problems)
	{
		if (strcmp(lfirst(lc), text) == 0)
			return problems;
	}
	return lappend(problems, text);
}

/*
 * Builds the chains of a relation in the current memory context.
 */
static HookRelation *
build_relation(Oid relid)
{
	HookRelation *relation = palloc0(sizeof(HookRelation));
	Relation	rel = table_open(relid, AccessShareLock);
	List	   *reaches;
	List	   *damaged;
	List	   *members = NIL;
	ListCell   *lc;

	relation->relid = relid;
	relation->ancestors = hooks_ancestors_of(relid);
	relation->root = relation->ancestors == NIL ? relid :
		llast_oid(relation->ancestors);
	reaches = hooks_scope_reach(relid, relation->ancestors, &damaged);
	foreach(lc, damaged)
	{
		Hook	   *hook = lfirst(lc);

		relation->problems =
			add_problem(relation->problems, hook, hook->damage);
	}
	foreach(lc, reaches)
	{
		HookReach  *reach = lfirst(lc);
		const char *forbidden;

		CHECK_FOR_INTERRUPTS();
		forbidden = hooks_scope_forbids(reach->hook);
		if (forbidden != NULL)
			relation->problems = add_problem(relation->problems, reach->hook,
											 forbidden);
		members = lappend(members,
						  !reach->hook->enabled || forbidden != NULL ? NULL :
						  make_member(reach, rel));
	}
	table_close(rel, NoLock);

	for (int i = 0; i < HOOK_EVENTS; i++)
	{
		HookChain  *chain = &relation->chains[i];
		ListCell   *lc2;

		forboth(lc, members, lc2, reaches)
		{
			HookMember *member = lfirst(lc);

			if (!hooks_scope_wants(lfirst(lc2), &hooks_events[i]))
				continue;
			relation->wanted[i] = true;
			if (member == NULL)
				continue;
			if (chain->members == NULL)
				chain->members = palloc(sizeof(HookMember *) *
										list_length(members));
			chain->members[chain->length++] = member;
		}
		if (chain->length > 1)
			hooks_chain_sort(chain->members, chain->length,
							 hooks_events[i].phase);
	}
	return relation;
}

/*
 * The chains of a relation, pinned.  The caller holds a lock on the relation.
 */
HookRelation *
hooks_chain_pin(Oid relid)
{
	ChainEntry *entry;
	HookRelation *relation;
	MemoryContext context;
	MemoryContext old;
	uint64		before;

	/*
	 * A cached plan whose locks are held takes no lock, which is where
	 * PostgreSQL looks for messages.
	 */
	AcceptInvalidationMessages();
	entry = hash_search(entries, &relid, HASH_FIND, NULL);
	if (entry != NULL)
	{
		entry->relation->pins++;
		return entry->relation;
	}

	/*
	 * Once more if a message arrived meanwhile: what was read first and what
	 * was looked up then may not go together.
	 */
	for (int attempt = 0;; attempt++)
	{
		/* Built below the current context, so that an error leaks nothing */
		context = AllocSetContextCreate(CurrentMemoryContext, "hooks chains",
										ALLOCSET_SMALL_SIZES);
		old = MemoryContextSwitchTo(context);
		before = invalidations;
		relation = build_relation(relid);
		MemoryContextSwitchTo(old);
		if (invalidations == before || attempt == 2)
			break;
		MemoryContextDelete(context);
	}
	relation->context = context;
	relation->pins = 1;
	if (invalidations == before)
	{
		bool		found;

		/* Planning a condition may run code that has used the table */
		entry = hash_search(entries, &relid, HASH_ENTER, &found);
		if (found)
		{
			MemoryContextDelete(context);
			entry->relation->pins++;
			return entry->relation;
		}
		entry->relation = relation;
	}
	else
		relation->stale = true;
	MemoryContextSetParent(context, CacheMemoryContext);
	return relation;
}

void
hooks_chain_unpin(HookRelation *relation)
{
	Assert(relation->pins > 0);
	if (--relation->pins == 0 && relation->stale)
		MemoryContextDelete(relation->context);
}

/*
 * Tells, once in a session, of a relation whose trigger for an event fires:
 * what is wrong with its hooks, or that there is none which the trigger is
 * for.
 */
void
hooks_chain_tell(const HookRelation *relation, const HookEvent *event)
{
	const char *trigger = relation->wanted[event - hooks_events] ? NULL :
		event->trigger;
	bool		found;
	ListCell   *lc;

	Assert(event >= hooks_events && event < hooks_events + HOOK_EVENTS);
	if (likely(relation->problems == NIL && trigger == NULL))
		return;
	if (told == NULL)
	{
		HASHCTL		info = {0};

		info.keysize = info.entrysize = sizeof(Oid);
		told = hash_create("hooks relations told of", 32, &info,
						   HASH_ELEM | HASH_BLOBS);
	}
	(void) hash_search(told, &relation->relid, HASH_ENTER, &found);
	if (found)
		return;
	foreach(lc, relation->problems)
	{
		ereport(WARNING,
				(errcode(ERRCODE_HOOK_ERROR),
				 errmsg("%s", (char *) lfirst(lc)),
				 errhint("Call hooks.repair().")));
	}
	if (trigger != NULL && relation->problems == NIL)
		ereport(WARNING,
				(errcode(ERRCODE_HOOK_ERROR),
				 errmsg("trigger \"%s\" of table \"%s\" has no hook that it is for",
						trigger, get_rel_name(relation->relid)),
				 errhint("Call hooks.repair().")));
}
