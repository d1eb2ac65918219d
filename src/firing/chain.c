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

#include "access/table.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/ancestors.h"
#include "base/settings.h"
#include "firing/chain.h"
#include "firing/sort.h"
#include "registry/scope.h"
#include "registry/source.h"

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

/*
 * Adds what is wrong with a hook to a list of strings, once.
 */
static List *
add_problem(List *problems, const Hook *hook, const char *problem)
{
	char	   *line = problem == NULL ?
		psprintf("hook \"%s\" has no row in hooks.registry", hook->name) :
		psprintf("hook \"%s\" cannot fire: %s", hook->name, problem);
	ListCell   *lc;

	foreach(lc, problems)
	{
		if (strcmp(lfirst(lc), line) == 0)
			return problems;
	}
	return lappend(problems, line);
}

/*
 * Adds a hook that is in no chain to a list.
 */
static List *
add_absent(List *list, const Hook *hook, const HookReach *reach,
		   const char *detail)
{
	HookAbsent *absent = palloc(sizeof(HookAbsent));

	absent->name = hook->name;
	absent->reach = reach;
	absent->why = reach == NULL ? HOOK_MISS_DAMAGED :
		detail != NULL ? HOOK_MISS_FORBIDDEN :
		hook->quarantined ? HOOK_MISS_QUARANTINED : HOOK_MISS_DISABLED;
	absent->detail = detail;
	return lappend(list, absent);
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
		if (hook->damage != NULL)
			relation->absent = add_absent(relation->absent, hook, NULL,
										  hook->damage);
	}
	foreach(lc, reaches)
	{
		HookReach  *reach = lfirst(lc);
		const char *forbidden;
		HookMember *member;

		CHECK_FOR_INTERRUPTS();
		forbidden = hooks_scope_forbids(reach->hook);
		if (forbidden != NULL)
			relation->problems = add_problem(relation->problems, reach->hook,
											 forbidden);
		member = !reach->hook->enabled || forbidden != NULL ? NULL :
			hooks_member_make(reach, rel);
		members = lappend(members, member);
		if (member == NULL)
			relation->absent = add_absent(relation->absent, reach->hook,
										  reach, forbidden);

		/* What may pass by itself is tried again by the next statement */
		if (member != NULL && hooks_member_error_may_pass(member))
			relation->stale = true;
	}
	table_close(rel, NoLock);

	for (int i = 0; i < HOOK_EVENTS; i++)
	{
		HookChain  *chain = &relation->chains[i];
		ListCell   *lc2;

		forboth(lc, members, lc2, reaches)
		{
			HookMember *member = lfirst(lc);

			relation->wanted[i] |=
				hooks_scope_needs(lfirst(lc2), &hooks_events[i]);
			if (member == NULL ||
				!hooks_scope_wants(lfirst(lc2), &hooks_events[i]))
				continue;
			if (chain->members == NULL)
				chain->members = palloc(sizeof(HookMember *) *
										list_length(members));
			chain->members[chain->length++] = member;
		}
		if (chain->length > 1)
			hooks_sort_members(chain->members, chain->length,
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
	if (invalidations == before && !relation->stale)
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
	if (trigger != NULL && relation->problems == NIL &&
		!(hooks_source_captures(event) &&
		  hooks_source_is_one(relation->relid)))
		ereport(WARNING,
				(errcode(ERRCODE_HOOK_ERROR),
				 errmsg("trigger \"%s\" of table \"%s\" has no hook that it is for",
						trigger, get_rel_name(relation->relid)),
				 errhint("Call hooks.repair().")));
}

static bool
fires_here(const HookChain *chain)
{
	for (int i = 0; i < chain->length; i++)
	{
		if (hooks_member_fires_here(chain->members[i]))
			return true;
	}
	return false;
}

/*
 * Does an event's trigger on a relation capture rows?  What a delete removes
 * is also captured for hooks on tables that its cascade may come to.
 */
bool
hooks_chain_captures(const HookRelation *relation, const HookEvent *event)
{
	const HookEvent *closure = hooks_event_closure(event);

	if (hooks_source_captures(event) &&
		SessionReplicationRole != SESSION_REPLICATION_ROLE_REPLICA)
		return true;
	return fires_here(hooks_chain_of(relation, event)) ||
		(closure != NULL && fires_here(hooks_chain_of(relation, closure)));
}
