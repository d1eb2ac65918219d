/*
 * access.h
 *		What a statement does to relations that no trigger tells of.
 */
#ifndef HOOKS_ACCESS_H
#define HOOKS_ACCESS_H

#include "postgres.h"

#include "firing/context.h"
#include "firing/payload.h"

/* A relation that may have hooks */
typedef struct HookAccessRelation
{
	Oid			relid;
	Bitmapset  *columns;		/* that are read or assigned, offset as in
								 * tg_updatedcols */
	int64		rows;			/* of it; -1: those of the statement */
	void	   *source;			/* of whoever makes its rows */
} HookAccessRelation;

/*
 * What a statement does to some relations: reads them, loads or dumps them,
 * puts rows back.
 */
typedef struct HookAccess
{
	List	   *relations;		/* of HookAccessRelation */
	const char *sql;
	Oid			target;			/* that the statement changes, or InvalidOid */
	const char *root_action;	/* what it does in the first place */
	Oid			caller;
	const char *sent_by;		/* client or function; NULL: not told */
	int64		rows;			/* so far */
	/* what the event has as "new"; NULL: nothing */
	HookPayloadValue *(*make_rows) (const HookAccessRelation *relation);
	MemoryContext context;		/* in which it lives */
} HookAccess;

extern const char *hooks_access_sent_by(bool client);
extern Bitmapset *hooks_access_columns(Oid relid, const Bitmapset *selected);
extern void hooks_access_fire(const HookAccess *access, HookPhase phase,
							  HookAction action);

#endif							/* HOOKS_ACCESS_H */
