/*
 * position.h
 *		How far a hook has come in the log.
 */
#ifndef HOOKS_POSITION_H
#define HOOKS_POSITION_H

#include "postgres.h"

#include "access/transam.h"

/* What a snapshot saw, as the type pg_snapshot has it */
typedef struct HookSnapshot
{
	int32		vl_len_;		/* varlena header */
	uint32		nxip;
	FullTransactionId xmin;
	FullTransactionId xmax;
	FullTransactionId xip[FLEXIBLE_ARRAY_MEMBER];
} HookSnapshot;

/*
 * Events that are done: all of transactions that "seen" sees, and of other
 * transactions that "target" sees, those up to the number event_id.
 */
typedef struct HookPosition
{
	int64		hook_id;
	int64		number;			/* 0: it is not in a table */
	int			turn;			/* of the table that has it, 0: none */
	HookSnapshot *seen;
	HookSnapshot *target;		/* NULL: "seen" is all */
	int64		event_id;
} HookPosition;

extern const char *hooks_position_table(int turn);
extern HookSnapshot *hooks_position_snapshot(void);
extern bool hooks_position_sees(const HookSnapshot *snapshot,
								FullTransactionId fxid);
extern void hooks_position_read(int64 hook_id, HookPosition *position);
extern void hooks_position_write(HookPosition *position, int turn);

#endif							/* HOOKS_POSITION_H */
