/*
 * record.h
 *		Writes hooks: their definitions, and the rows of hooks.registry.
 */
#ifndef HOOKS_RECORD_H
#define HOOKS_RECORD_H

#include "postgres.h"

#include "access/htup.h"
#include "nodes/pg_list.h"

#include "registry/hook.h"

extern void hooks_record_insert(Hook *hook);
extern void hooks_record_replace(Hook *hook, const Hook *other);
extern void hooks_record_update(Hook *hook);
extern void hooks_record_delete(const Hook *hook);
extern bool hooks_record_adopt(Oid definition);
extern void hooks_record_refresh(List *definitions);
extern void hooks_record_tell_damage(Oid definition);
extern void hooks_record_make_way(HeapTuple tuple);

#endif							/* HOOKS_RECORD_H */
