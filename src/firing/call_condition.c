/*
 * call_condition.c
 *		Test one hook's condition for a row.
 *
 * It is made ready once for a run, as the role that needs the right to execute
 * its functions.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/identity.h"
#include "firing/call_condition.h"

/*
 * As whom a condition is made ready: the role that needs the right to execute
 * its functions.
 */
static Oid
condition_role(const Hook *hook)
{
	return hook->run_as == HOOK_AS_OWNER ? hook->owner : GetUserId();
}

/*
 * Can a hook's condition be tested outside of the policy?  Nothing in it may
 * throw, and this session must have made it ready for the same role before, as
 * that throws if the role may not execute a function of it.
 */
bool
hooks_call_condition_is_safe(const HookCall *call)
{
	const HookMember *member = call->member;

	return member->condition_safe &&
		(call->condition != NULL ||
		 member->ready_for == condition_role(member->hook));
}

/*
 * Evaluates a hook's condition for a row; true if it has none.
 */
bool
hooks_call_condition(HookRun *run, HookCall *call,
					 TupleTableSlot *old, TupleTableSlot *new)
{
	bool		isnull;
	bool		result;

	if (call->member->condition == NULL)
		return true;
	if (call->condition == NULL)
	{
		MemoryContext context = MemoryContextSwitchTo(run->context);
		const Hook *hook = call->member->hook;
		Oid			role = condition_role(hook);
		HookIdentity before;

		if (run->econtext == NULL)
			run->econtext = CreateStandaloneExprContext();
		/* this is where the right to execute its functions is checked */
		hooks_identity_become(&before, role, hook->run_as == HOOK_AS_OWNER ?
							  HOOKS_RESTRICTED : 0);
		call->condition = ExecInitExpr((Expr *) call->member->condition, NULL);
		hooks_identity_end(&before);
		call->member->ready_for = role;
		MemoryContextSwitchTo(context);
	}
	run->econtext->ecxt_innertuple = old;
	run->econtext->ecxt_outertuple = new;
	result = DatumGetBool(ExecEvalExprSwitchContext(call->condition,
													run->econtext, &isnull));
	ResetExprContext(run->econtext);
	return !isnull && result;
}
