/*
 * payload.h
 *		The event that a callback takes as jsonb.
 */
#ifndef HOOKS_PAYLOAD_H
#define HOOKS_PAYLOAD_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "context.h"

extern JsonbParseState *hooks_payload_begin(HookFiring *firing);
extern void hooks_payload_key(JsonbParseState **state, const char *key);
extern void hooks_payload_add(JsonbParseState **state, const char *key,
							  const char *text);
extern void hooks_payload_add_json(JsonbParseState **state, const char *key,
								   Jsonb *value);
extern Jsonb *hooks_payload_end(JsonbParseState *state);

#endif							/* HOOKS_PAYLOAD_H */
