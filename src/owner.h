/*
 * owner.h
 *		Roles that own hooks.
 */
#ifndef HOOKS_OWNER_H
#define HOOKS_OWNER_H

#include "postgres.h"

extern bool hooks_owner_sync(Oid role);

#endif							/* HOOKS_OWNER_H */
