/*
 * hook.h
 *		One hook: its definition, and its row of hooks.registry.
 */
#ifndef HOOKS_HOOK_H
#define HOOKS_HOOK_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "nodes/nodes.h"
#include "nodes/pg_list.h"
#include "storage/itemptr.h"
#include "utils/array.h"

#include "base/own.h"
#include "registry/event.h"

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
	Anum_registry_activation,
	Anum_registry_schema,
	Anum_registry_package,
	Anum_registry_description,
	Anum_registry_payload,
	Anum_registry_owner,
	Anum_registry_search_path,
	Anum_registry_enabled,
	Anum_registry_quarantined,
	Anum_registry_enabled_at,
	Natts_registry = Anum_registry_enabled_at
};

/*
 * What the hook is comes from its definition (definition.c), and its state
 * from its row.  Pointers are NULL where nothing was given.
 *
 * Of one without a definition the row tells name, relation, schema, package
 * and owner, so that it can be shown and removed.
 */
typedef struct Hook
{
	char	   *name;
	const char *damage;			/* why it cannot fire; NULL if it is whole */
	bool		schema_gone;	/* damaged, and for a schema that is gone */

	/* the definition */
	Oid			definition;		/* the function; InvalidOid: there is none */
	HookPhase	phase;
	int			actions;		/* bits of HookAction */
	Oid			relation;		/* InvalidOid: a wide hook */
	Oid			schema;			/* of a wide hook; InvalidOid: all schemas */
	Oid			callback;
	HookLevel	level;
	Node	   *condition;		/* over varno 1, OLD, and varno 2, NEW, which
								 * are rows of the hook's relation */
	List	   *columns;		/* attribute numbers in it */
	ArrayType  *arguments;		/* of text */
	HookPolicy	policy;
	Interval   *timeout;
	int			max_attempts;	/* 0: none given */
	int			priority;
	ArrayType  *run_after;		/* of text */
	HookRunAs	run_as;
	HookFire	fire;
	HookActivation activation;
	char	   *package;
	char	   *description;
	List	   *payload;		/* attribute numbers; NIL: all columns */
	Oid			owner;
	char	   *search_path;
	int64		hook_id;		/* the row's, once there is one */

	/* the row */
	ItemPointerData tid;		/* invalid: there is none */
	bool		enabled;
	bool		quarantined;
	TimestampTz enabled_at;
} Hook;

#define hooks_hook_has_row(hook) ItemPointerIsValid(&(hook)->tid)

extern const HookOwnTable hooks_registry_table;

extern Hook *hooks_hook_make(void);
extern void hooks_hook_read_row(Hook *hook, HeapTuple tuple, TupleDesc desc);
extern HeapTuple hooks_hook_to_row(const Hook *hook, TupleDesc desc);
extern HeapTuple hooks_hook_change_row(const Hook *hook, HeapTuple tuple,
									   TupleDesc desc);
extern bool hooks_hook_same_row(HeapTuple a, HeapTuple b, TupleDesc desc);
extern bool hooks_hook_same(const Hook *a, const Hook *b);
extern char **hooks_hook_strings(ArrayType *array, int *count);
extern char *hooks_hook_path(const Hook *hook);
extern ArrayType *hooks_hook_column_names(const Hook *hook, List *columns);

#endif							/* HOOKS_HOOK_H */
