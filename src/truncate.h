/*
 * truncate.h
 *		Wide hooks and the TRUNCATE of a partitioned table.
 */
#ifndef HOOKS_TRUNCATE_H
#define HOOKS_TRUNCATE_H

#include "postgres.h"

#include "fire.h"

extern void hooks_truncate_prepare(HookRun *run, Relation rel);

#endif							/* HOOKS_TRUNCATE_H */
