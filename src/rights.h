/*
 * rights.h
 *		Who may be told of a table's rows.
 */
#ifndef HOOKS_RIGHTS_H
#define HOOKS_RIGHTS_H

#include "postgres.h"

extern void hooks_rights_check_read(Oid relid);

#endif							/* HOOKS_RIGHTS_H */
