/*
 * altered.h
 *		Rows that a cascade changes, as they are kept.
 */
#ifndef HOOKS_ALTERED_H
#define HOOKS_ALTERED_H

#include "postgres.h"

#include "cascade/walk.h"
#include "recycle/kept_row.h"

typedef struct HookAltered HookAltered;

extern HookAltered *hooks_altered_begin(void);
extern void hooks_altered_add(HookAltered *altered, const HookCascadeRow *row);
extern void hooks_altered_write(HookAltered *altered, HookKeptWriter *writer);

#endif							/* HOOKS_ALTERED_H */
