/*
 * context_event.h
 *		hooks.context() in a delivery.
 */
#ifndef HOOKS_CONTEXT_EVENT_H
#define HOOKS_CONTEXT_EVENT_H

#include "postgres.h"

#include "access/tupdesc.h"

#include "firing/context.h"

extern char *hooks_context_event_text(const Jsonb *event, const char *key);
extern Datum hooks_context_of_event(const HookFiring *firing, TupleDesc desc);

#endif							/* HOOKS_CONTEXT_EVENT_H */
