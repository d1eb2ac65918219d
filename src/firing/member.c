/*
 * member.c
 *		A hook as it stands in the chains of one relation.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "commands/trigger.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/attempt.h"
#include "base/opt_in.h"
#include "firing/member.h"
#include "firing/stats.h"
#include "firing/planned.h"

/*
 * Does a hook fire under this session's replication role?
 */
bool
hooks_member_role_fires(const HookMember *member)
{
	HookFire	fire = member->hook->fire;

	return fire == HOOK_ALWAYS ||
		(fire == HOOK_REPLICA) ==
		(SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA);
}

static bool
is_asked_for(const HookMember *member)
{
	return member->hook->activation == HOOK_ACTIVE_ALWAYS ||
		hooks_opt_in_names(member->hook->name);
}

/*
 * Does a hook fire in this session: under its replication role, and if it
 * waits for that, by its parameter hooks.opt_in?
 */
bool
hooks_member_fires_here(const HookMember *member)
{
	return hooks_member_role_fires(member) && is_asked_for(member);
}

/*
 * Would a hook fire in this session if nobody had changed its replication
 * role?
 */
bool
hooks_member_is_left_out(const HookMember *member)
{
	return !hooks_member_role_fires(member) &&
		member->hook->fire == HOOK_ORIGIN && is_asked_for(member);
}

/*
 * A hook's time limit in whole ms, at least 1, or 0 for none; months count 30
 * days.
 */
int
hooks_member_timeout(const Hook *hook)
{
	const Interval *interval = hook->timeout;
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

/*
 * A hook for the chains of a relation, in the current memory context.
 */
HookMember *
hooks_member_make(const HookReach *reach, Relation rel)
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
			member->condition = NULL;
	}
	member->arguments =
		hooks_hook_strings(hook->arguments, &member->narguments);
	member->run_after =
		hooks_hook_strings(hook->run_after, &member->nrun_after);
	member->timeout = hooks_member_timeout(hook);
	member->tally = hooks_stats_tally(hook->definition);
	member->json = palloc0(sizeof(HookKeptJson));
	return member;
}

/*
 * Is there an error in the member that may pass by itself, such as a lock
 * timeout?
 */
bool
hooks_member_error_may_pass(const HookMember *member)
{
	return member->broken != NULL && !is_lasting(member->broken->sqlerrcode);
}
