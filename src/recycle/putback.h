/*
 * putback.h
 *		Puts kept rows back into tables, as their owners.
 */
#ifndef HOOKS_PUTBACK_H
#define HOOKS_PUTBACK_H

#include "postgres.h"

#include "executor/execdesc.h"
#include "tcop/dest.h"
#include "utils/plancache.h"
#include "utils/queryenvironment.h"
#include "utils/tuplestore.h"

#include "recycle/fields.h"

/* Rows of one format, to be put back */
typedef struct HookRestored
{
	int64		kept_id;		/* of changed rows: the cascade that changed
								 * them */
	HookKeptFormat format;
	HookFields	fields;
	TupleDesc	desc;
	EphemeralNamedRelationData enr;
	Tuplestorestate *store;
	int64		rows;
	int64		back;			/* how many of them are back */
	bool		vanished;		/* all changed columns were dropped */
} HookRestored;

/* A statement that puts rows of one owner's tables back */
typedef struct HookPutback
{
	DestReceiver receiver;		/* takes the counts */
	List	   *tables;			/* of HookRestored */
	Oid			caller;			/* who restores */
	CachedPlan *plan;
	QueryDesc  *running;
	bool		quiet;			/* users' triggers do not fire */
} HookPutback;

extern HookPutback *hooks_putback_run(List *tables, Oid caller, bool quiet);
extern void hooks_putback_finish(HookPutback *putback);

#endif							/* HOOKS_PUTBACK_H */
