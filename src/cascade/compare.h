/*
 * compare.h
 *		How the columns of a foreign key are compared, and what that calls.
 */
#ifndef HOOKS_COMPARE_H
#define HOOKS_COMPARE_H

#include "postgres.h"

#include "base/graph.h"
#include "cascade/moved.h"

extern bool hooks_compare_allows(const HookForeignKey *key);
extern void hooks_compare_check(const HookForeignKey *key, Oid operator,
								Oid left, Oid right);
extern void hooks_compare_check_cast(const HookForeignKey *key, Oid from,
									 Oid to);
extern Oid	hooks_compare_collation(const HookForeignKey *key, int i);
extern bool hooks_compare_is_loose(const HookForeignKey *key);
extern void hooks_compare_prepare(HookMoved *moved);

#endif							/* HOOKS_COMPARE_H */
