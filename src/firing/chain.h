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
	/* some hook is for it, enabled or not */
	bool		wanted[HOOK_EVENTS];
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
extern bool hooks_chain_captures(const HookChain *chain,
								 const HookEvent *event);

#endif							/* HOOKS_CHAIN_H */
