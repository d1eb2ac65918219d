/*
 * switched.h
 *		Foreign keys that are switched off.
 */
#ifndef HOOKS_SWITCHED_H
#define HOOKS_SWITCHED_H

#include "postgres.h"

#include "utils/reltrigger.h"

#include "base/graph.h"

/* A foreign key one of whose triggers does not fire */
typedef struct HookSwitchedOff
{
	const HookForeignKey *key;
	Oid			relid;			/* whose trigger it is */
	bool		by_command;		/* of ALTER TABLE; else by
								 * session_replication_role */
} HookSwitchedOff;

extern bool hooks_switched_off(const Trigger *trigger);
extern List *hooks_switched_add(List *list, const HookForeignKey *key,
								Oid relid,
								const Trigger *trigger);
extern void hooks_switched_report(const List *list);
extern List *hooks_switched_of_table(Oid relid);
extern void hooks_switched_report_table(Oid relid);
extern const char *hooks_switched_words(const HookGraph *graph,
										const HookForeignKey *key);

#endif							/* HOOKS_SWITCHED_H */
