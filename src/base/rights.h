/*
 * rights.h
 *		Who may be told of a table's rows, who owns what, and names of roles.
 */
#ifndef HOOKS_RIGHTS_H
#define HOOKS_RIGHTS_H

#include "postgres.h"

extern bool hooks_rights_may_read(Oid relid);
extern void hooks_rights_check_read(Oid relid);
extern Oid	hooks_rights_owner(Oid relid);
extern Oid	hooks_rights_function_owner(Oid function);
extern Oid	hooks_rights_database_owner(void);
extern Datum hooks_rights_role_name(Oid role);

#endif							/* HOOKS_RIGHTS_H */
