/*
 * hook.h
 *		One hook: a row of hooks.registry.
 */
#ifndef HOOKS_HOOK_H
#define HOOKS_HOOK_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "storage/itemptr.h"
#include "utils/array.h"

#include "event.h"
#include "own.h"

/* The columns of hooks.registry, as in the install script */
enum
{
	Anum_registry_hook_id = 1,
	Anum_registry_name,
	Anum_registry_phase,
	Anum_registry_action,
	Anum_registry_relation,
	Anum_registry_callback,
	Anum_registry_level,
	Anum_registry_condition,
	Anum_registry_columns,
	Anum_registry_arguments,
	Anum_registry_on_error,
	Anum_registry_timeout,
	Anum_registry_max_attempts,
	Anum_registry_priority,
	Anum_registry_run_after,
	Anum_registry_run_as,
	Anum_registry_fire,
	Anum_registry_schema,
	Anum_registry_package,
	Anum_registry_description,
	Anum_registry_owner,
	Anum_registry_search_path,
	Anum_registry_function_owners,
	Anum_registry_enabled,
	Anum_registry_quarantined,
	Anum_registry_enabled_at,
	Natts_registry = Anum_registry_enabled_at
};

/* The row.  Pointers are NULL where the column is. */
typedef struct Hook
{
	int64		hook_id;		/* 0 until inserted */
	char	   *name;
	HookPhase	phase;
	int			actions;		/* bits of HookAction */
	Oid			relation;
	char	   *callback;		/* qualified signature */
	HookLevel	level;
	char	   *condition;		/* means the same under any search_path */
	ArrayType  *columns;		/* of name */
	ArrayType  *arguments;		/* of text */
	HookPolicy	policy;
	Interval   *timeout;
	int			max_attempts;	/* 0: NULL */
	int			priority;
	ArrayType  *run_after;		/* of text */
	HookRunAs	run_as;
	HookFire	fire;
	char	   *schema;
	char	   *package;
	char	   *description;
	Oid			owner;
	char	   *search_path;
	ArrayType  *function_owners;	/* of regrole */
	bool		enabled;
	bool		quarantined;
	TimestampTz enabled_at;
	ItemPointerData tid;		/* of the row as read */
} Hook;

extern const HookOwnTable hooks_registry_table;

extern Hook *hooks_hook_from_tuple(HeapTuple tuple, TupleDesc desc);
extern HeapTuple hooks_hook_to_tuple(const Hook *hook, TupleDesc desc);
extern bool hooks_hook_same(const Hook *a, const Hook *b);
extern char **hooks_hook_strings(ArrayType *array, int *count);

#endif							/* HOOKS_HOOK_H */
