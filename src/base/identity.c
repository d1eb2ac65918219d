/*
 * identity.c
 *		As whom code of others runs, and under which parameters.
 *
 * Every change of the role, the security context or the search_path goes
 * through here.  Each begins with one of the functions that fill a
 * HookIdentity and ends with hooks_identity_end().  After an error nobody
 * needs to call that:  the abort of the (sub)transaction restores all three.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"

#include "base/compat.h"
#include "base/cursors.h"
#include "base/identity.h"
#include "base/rights.h"

/*
 * Sets a parameter until the innermost nest level of parameters ends.
 */
void
hooks_identity_set(const char *parameter, const char *value)
{
	(void) set_config_option(parameter, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Sets some parameters; returns the nest level, for AtEOXact_GUC() to end.
 */
int
hooks_identity_fix(const char *const parameters[][2], int n)
{
	int			level = NewGUCNestLevel();

	for (int i = 0; i < n; i++)
		hooks_identity_set(parameters[i][0], parameters[i][1]);
	return level;
}

/*
 * Goes on as a role, with more bits in the security context.  Parameters are
 * left alone.
 */
void
hooks_identity_become(HookIdentity *before, Oid role, int security)
{
	Assert(OidIsValid(role));
	GetUserIdAndSecContext(&before->userid, &before->sec_context);
	before->guc_level = 0;
	before->restricted = (security & SECURITY_RESTRICTED_OPERATION) != 0;
	if (before->restricted)
		before->cursors = hooks_cursors_begin();
	SetUserIdAndSecContext(role, before->sec_context | security);
}

/*
 * The same in a nest level of parameters, with another search_path if one is
 * given.  What is set in a security-restricted operation does not last.
 */
void
hooks_identity_enter(HookIdentity *before, Oid role, int security,
					 const char *search_path)
{
	int			level = NewGUCNestLevel();

	if (search_path != NULL)
		hooks_identity_set("search_path", search_path);
	hooks_identity_become(before, role, security);
	before->guc_level = level;
}

/*
 * Goes on as the owner of a table, as ri_triggers.c does to carry out a
 * foreign key's action.  To read a table may call what its owner wrote, even
 * if it is only to plan the query: expressions and conditions of indexes,
 * partition keys.  That must not run as the role that looks.  Nor may it set
 * anything that lasts.  In turn, the role that looks must not mislead that
 * code by its search_path: it is nothing but pg_catalog.
 */
void
hooks_identity_become_owner(HookIdentity *before, Oid relid)
{
	hooks_identity_enter(before, hooks_rights_owner(relid),
						 HOOKS_RESTRICTED | SECURITY_NOFORCE_RLS,
						 HOOKS_SAFE_PATH);
}

/*
 * Could the owner of a table not become the caller anyway?  Then what the
 * owner wrote runs for the caller in a security-restricted operation only.
 */
bool
hooks_identity_restricts(Oid relid, Oid caller)
{
	return !hooks_can_set_role(hooks_rights_owner(relid), caller);
}

/*
 * Goes on as the owner of a table to write to it in the name of a caller, who
 * did not choose the table: its triggers, defaults and domains are the
 * owner's.
 *
 * For the caller's own table nothing changes.  Else hooks_identity_restricts()
 * decides; and a caller who could not become the owner does not choose what
 * names mean to the owner's code.  A caller who could keeps the search_path,
 * as with any statement.
 */
void
hooks_identity_stand_in(HookIdentity *before, Oid relid, Oid caller)
{
	Oid			owner = hooks_rights_owner(relid);
	int			security = 0;

	if (owner != GetUserId())
		security |= SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS;
	if (hooks_identity_restricts(relid, caller))
		security |= SECURITY_RESTRICTED_OPERATION;
	hooks_identity_enter(before, owner, security,
						 hooks_can_set_role(caller, owner) ? NULL :
						 HOOKS_SAFE_PATH);
}

/*
 * Goes on as before.
 */
void
hooks_identity_end(const HookIdentity *before)
{
	Assert(OidIsValid(before->userid));
	if (before->restricted)
		hooks_cursors_end(before->cursors);
	if (before->guc_level != 0)
		AtEOXact_GUC(!before->restricted, before->guc_level);
	SetUserIdAndSecContext(before->userid, before->sec_context);
}
