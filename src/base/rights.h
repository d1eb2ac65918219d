/*
 * rights.h
 *		Who may be told of a table's rows, and as whom they are read.
 */
#ifndef HOOKS_RIGHTS_H
#define HOOKS_RIGHTS_H

#include "postgres.h"

/* Who it was before somebody else took over; the caller keeps it */
typedef struct HookIdentity
{
	Oid			userid;
	int			sec_context;
	int			guc_level;
	bool		restricted;		/* what is set meanwhile does not last */
} HookIdentity;

extern bool hooks_rights_may_read(Oid relid);
extern void hooks_rights_check_read(Oid relid);
extern Oid	hooks_rights_owner(Oid relid);
extern Oid	hooks_rights_database_owner(void);
extern void hooks_rights_become_owner(HookIdentity *before, Oid relid);
extern bool hooks_rights_restrict(Oid relid, Oid caller);
extern void hooks_rights_stand_in(HookIdentity *before, Oid relid, Oid caller);
extern void hooks_rights_become(const HookIdentity *before);

#endif							/* HOOKS_RIGHTS_H */
