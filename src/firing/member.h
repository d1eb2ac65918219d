/*
 * member.h
 *		A hook as it stands in the chains of one relation.
 */
#ifndef HOOKS_MEMBER_H
#define HOOKS_MEMBER_H

#include "postgres.h"

#include "nodes/bitmapset.h"
#include "nodes/nodes.h"
#include "utils/relcache.h"

#include "base/counters.h"
#include "registry/hook.h"
#include "registry/scope.h"

/*
 * What makes jsonb of the rows of events, if that can be kept; made for the
 * first event that this is the first hook of.
 */
typedef struct HookKeptJson
{
	bool		tried;
	struct HookRowJson *made;	/* NULL: not yet, or it cannot be kept */
	Bitmapset  *columns;		/* that it is for; NULL: all */
} HookKeptJson;

typedef struct HookMember
{
	Hook	   *hook;
	Oid			target;			/* the relation that it is on; see scope.h */
	ErrorData  *broken;			/* why the condition cannot be planned, NULL
								 * if it can; raised by firing */
	Node	   *condition;		/* compiled for the relation, NULL if none */
	bool		condition_safe; /* hooks_planned_cannot_fail() */
	Oid			ready_for;		/* role for which the condition was made ready
								 * last; new rights, new member */
	Bitmapset  *columns;		/* attribute numbers in the relation, offset
								 * by FirstLowInvalidHeapAttributeNumber */
	int			narguments;
	char	  **arguments;
	int			nrun_after;
	char	  **run_after;
	int			timeout;		/* ms, 0 for none */
	HookTally  *tally;			/* lasts as long as the session */
	HookKeptJson *json;
} HookMember;

extern HookMember *hooks_member_make(const HookReach *reach, Relation rel);
extern bool hooks_member_error_may_pass(const HookMember *member);
extern bool hooks_member_role_fires(const HookMember *member);
extern bool hooks_member_fires_here(const HookMember *member);
extern bool hooks_member_is_left_out(const HookMember *member);
extern int	hooks_member_timeout(const Hook *hook);

#endif							/* HOOKS_MEMBER_H */
