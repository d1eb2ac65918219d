/*
 * provenance.h
 *		Where the rows come from for which a trigger fires.
 */
#ifndef HOOKS_PROVENANCE_H
#define HOOKS_PROVENANCE_H

#include "postgres.h"

#include "commands/trigger.h"

#include "firing/statement.h"
#include "registry/event.h"

extern void hooks_provenance_of_event(HookStatement *statement,
									  const HookEvent *event,
									  const TriggerData *trigdata,
									  HookOrigin *origin);

#endif							/* HOOKS_PROVENANCE_H */
