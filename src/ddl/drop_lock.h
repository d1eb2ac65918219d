/*
 * drop_lock.h
 *		The locks that a DROP needs beside those that PostgreSQL takes.
 */
#ifndef HOOKS_DROP_LOCK_H
#define HOOKS_DROP_LOCK_H

#include "postgres.h"

#include "nodes/parsenodes.h"

extern bool hooks_drop_lock(DropStmt *stmt);
extern void hooks_drop_lock_altered(AlterTableStmt *stmt);

#endif							/* HOOKS_DROP_LOCK_H */
