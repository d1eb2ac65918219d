/*
 * identity.h
 *		As whom code of others runs, and under which parameters.
 */
#ifndef HOOKS_IDENTITY_H
#define HOOKS_IDENTITY_H

#include "postgres.h"

#include "miscadmin.h"

/* a search_path in which only superusers can put anything */
#define HOOKS_SAFE_PATH "pg_catalog, pg_temp"

/* of code that may neither change the session nor become somebody else */
#define HOOKS_RESTRICTED \
	(SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION)

/* Who it was before somebody else took over; the caller keeps it */
typedef struct HookIdentity
{
	Oid			userid;
	int			sec_context;
	int			guc_level;		/* 0: parameters were left alone */
	bool		restricted;		/* what is set meanwhile does not last, */
	uint64		cursors;		/* nor do cursors after this one */
} HookIdentity;

extern void hooks_identity_set(const char *parameter, const char *value);
extern int	hooks_identity_fix(const char *const parameters[][2], int n);
extern void hooks_identity_become(HookIdentity *before, Oid role,
								  int security);
extern void hooks_identity_enter(HookIdentity *before, Oid role, int security,
								 const char *search_path);
extern void hooks_identity_become_owner(HookIdentity *before, Oid relid);
extern bool hooks_identity_restricts(Oid relid, Oid caller);
extern void hooks_identity_stand_in(HookIdentity *before, Oid relid,
									Oid caller);
extern void hooks_identity_end(const HookIdentity *before);

#endif							/* HOOKS_IDENTITY_H */
