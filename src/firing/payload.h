/*
 * payload.h
 *		The event that a callback takes as jsonb.
 */
#ifndef HOOKS_PAYLOAD_H
#define HOOKS_PAYLOAD_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "base/compat.h"
#include "firing/context.h"

/* A large value that many events have, and room to write an event around it */
typedef struct HookPayloadValue
{
	MemoryContext context;
	char	   *data;			/* a container, as jsonb has it inside */
	Size		length;
	Size		before;			/* bytes of room before data */
	Size		after;			/* and after it */
} HookPayloadValue;

extern JsonbInState hooks_payload_begin(HookFiring *firing);
extern void hooks_payload_key(JsonbInState *state, const char *key);
extern void hooks_payload_add(JsonbInState *state, const char *key,
							  const char *sql);
extern void hooks_payload_add_json(JsonbInState *state, const char *key,
								   Jsonb *value);
extern void hooks_payload_push_integer(JsonbInState *state,
									   JsonbIteratorToken token,
									   int64 number);
extern char *hooks_payload_relation(Oid relid);
extern char *hooks_payload_name(Relation rel);
extern void hooks_payload_add_relation(JsonbInState *state, Oid relid,
									   const Bitmapset *columns);
extern const char *hooks_payload_statement(const char *sql);
extern void hooks_payload_add_context(JsonbInState *state,
									  const HookFiring *firing,
									  const char **sql);
extern Jsonb *hooks_payload_end(JsonbInState *state);
extern HookPayloadValue *hooks_payload_share(Jsonb *json);
extern Jsonb *hooks_payload_end_shared(JsonbInState *state, const char *key,
									   HookPayloadValue *value);

#endif							/* HOOKS_PAYLOAD_H */
