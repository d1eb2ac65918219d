/*
 * chain.h
 *		The backend's cache of chains: which hooks fire on a relation, in
 *		order.
 */
#ifndef HOOKS_CHAIN_H
#define HOOKS_CHAIN_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "firing/member.h"
#include "registry/event.h"

/* Why a hook does not fire */
typedef enum HookMiss
{
	HOOK_MISS_UNTOLD,			/* it fires elsewhere in the same command */
	HOOK_MISS_DISABLED,
	HOOK_MISS_QUARANTINED,
	HOOK_MISS_DAMAGED,
	HOOK_MISS_FORBIDDEN,		/* to its owner, by now */
	HOOK_MISS_ROLE,				/* the replication role */
	HOOK_MISS_OPT_IN,
	HOOK_MISS_PAUSED,
	HOOK_MISS_COLUMNS,			/* none of them assigned */
	HOOK_MISS_CONDITION,
	HOOK_MISS_NAMING,			/* the row gets no name */
	HOOK_MISS_PUT,				/* the statement is none */
	HOOK_MISS_SKIPPED,			/* the row, by a hook before it */
	HOOK_MISS_NO_ROWS,
	HOOK_MISS_TRIGGER,			/* is disabled */
	HOOK_MISS_RESTORE,			/* hooks.restore(triggers => 'skip') */
	HOOK_MISS_SWITCH			/* hooks.enabled */
} HookMiss;

/* A hook that is not in the chains of a relation, though it is for it */
typedef struct HookAbsent
{
	const char *name;
	const HookReach *reach;		/* NULL if what it is for cannot be read */
	HookMiss	why;
	const char *detail;			/* NULL: why says it all */
} HookAbsent;

typedef struct HookChain
{
	int			length;
	HookMember **members;		/* in firing order */
} HookChain;

/*
 * The chains of a relation, including the hooks of the partitioned tables that
 * it is a partition of.  Pinned, it does not change or go away.
 */
typedef struct HookRelation
{
	Oid			relid;
	bool		stale;			/* not in the cache any more */
	int			pins;
	Oid			root;			/* topmost partitioned table, or relid */
	List	   *ancestors;		/* OIDs, nearest first */
	List	   *problems;		/* strings: what is wrong with its hooks */
	List	   *absent;			/* of HookAbsent */
	/* some hook is for it, enabled or not */
	bool		wanted[HOOK_EVENTS];
	/* by direct.c: the trigger that captures deleted rows is as we make it */
	bool		capture_checked;	/* has that been looked up? */
	bool		capture_made;
	MemoryContext context;
	HookChain	chains[HOOK_EVENTS];
} HookRelation;

#define hooks_chain_of(relation, event) \
	(&(relation)->chains[(event) - hooks_events])

extern void hooks_chain_init(void);
extern HookRelation *hooks_chain_pin(Oid relid);
extern void hooks_chain_unpin(HookRelation *relation);
extern void hooks_chain_tell(const HookRelation *relation,
							 const HookEvent *event);
extern bool hooks_chain_captures(const HookRelation *relation,
								 const HookEvent *event);

#endif							/* HOOKS_CHAIN_H */
