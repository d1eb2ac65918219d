/*
 * log.h
 *		The log: what happened in statements, for after_commit hooks.
 */
#ifndef HOOKS_LOG_H
#define HOOKS_LOG_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "base/own.h"

/* how many tables the log has, which are written in turn */
#define HOOK_LOG_TABLES 3

/* the most hooks that a row can be for: the number of delivery ids of a row */
#define HOOK_LOG_MAX_HOOKS (PG_UINT16_MAX + 1)

/* The columns of each, as in the install script */
enum
{
	Anum_log_event_id = 1,
	Anum_log_transaction_id,
	Anum_log_hook_ids,
	Anum_log_relation,
	Anum_log_relation_name,
	Anum_log_action,
	Anum_log_caller,
	Anum_log_session_user,
	Anum_log_statement,
	Anum_log_metadata,
	Anum_log_fired_at,
	Anum_log_generation,
	Anum_log_root_relation,
	Anum_log_root_action,
	Anum_log_cascade_depth,
	Anum_log_constraint_name,
	Anum_log_old_rows,
	Anum_log_new_rows,
	Anum_log_selections,
	Natts_log = Anum_log_selections
};

extern const HookOwnTable hooks_log_tables[HOOK_LOG_TABLES];

/*
 * A row of the log: a statement's event, or one chunk of its rows.  What is
 * not known is NULL.
 */
typedef struct HookLogEntry
{
	int			nhooks;
	int64	   *hook_ids;		/* that want something of it */
	Oid			relation;		/* that the hooks are on */
	const char *relation_name;	/* qualified */
	const char *action;
	const char *caller;
	const char *session_user;
	const char *statement;
	Jsonb	   *metadata;
	TimestampTz fired_at;
	int			generation;
	const char *root_relation;	/* qualified */
	const char *root_action;
	int			cascade_depth;	/* or HOOK_DEPTH_UNKNOWN */
	const char *constraint_name;
	Jsonb	   *old_rows;		/* arrays of rows; NULL where there are none */
	Jsonb	   *new_rows;
	Jsonb	   *selections;		/* what not all hooks get; NULL: all get
								 * everything */
} HookLogEntry;

/*
 * The generation of the event that is being delivered; events of its callback
 * get the next higher one.  Set by the worker; 0 in every other session.
 */
extern int	hooks_log_generation;

extern void hooks_log_append(const HookLogEntry *entry);

#endif							/* HOOKS_LOG_H */
