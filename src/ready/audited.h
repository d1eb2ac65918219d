/*
 * audited.h
 *		The tables hooks.audited and hooks.audited_row.
 */
#ifndef HOOKS_AUDITED_H
#define HOOKS_AUDITED_H

#include "postgres.h"

#include "utils/array.h"
#include "utils/jsonb.h"

#include "base/own.h"
#include "firing/context.h"

/* columns of hooks.audited, as in the install script */
enum
{
	Anum_audited_id = 1,
	Anum_audited_hook,
	Anum_audited_owner,
	Anum_audited_relation,
	Anum_audited_action,
	Anum_audited_root_relation,
	Anum_audited_root_action,
	Anum_audited_depth,
	Anum_audited_constraint,
	Anum_audited_caller,
	Anum_audited_session_user,
	Anum_audited_transaction_id,
	Anum_audited_occurred_at,
	Anum_audited_statement,
	Anum_audited_metadata,
	Natts_audited = Anum_audited_metadata
};

/* columns of hooks.audited_row */
enum
{
	Anum_audited_row_id = 1,
	Anum_audited_row_number,
	Anum_audited_row_changed,
	Anum_audited_row_old,
	Anum_audited_row_new,
	Natts_audited_row = Anum_audited_row_new
};

extern const HookOwnTable hooks_audited_table;
extern const HookOwnTable hooks_audited_row_table;

typedef struct HookAuditedWriter HookAuditedWriter;

extern HookAuditedWriter *hooks_audited_begin(HookFiring *firing);
extern void hooks_audited_add(HookAuditedWriter *writer, ArrayType *changed,
							  Jsonb *old_row, Jsonb *new_row);
extern void hooks_audited_end(HookAuditedWriter *writer);

#endif							/* HOOKS_AUDITED_H */
