/*
 * jsonraw.h
 *		Arrays and objects of jsonb that are put together from finished parts.
 */
#ifndef HOOKS_JSONRAW_H
#define HOOKS_JSONRAW_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/* An array or object that is being made */
typedef struct HookJsonRaw
{
	StringInfoData data;		/* of all values so far, one after the other */
	JEntry	   *entries;		/* what they are, and their lengths */
	int			used;
	int			size;
} HookJsonRaw;

extern void hooks_jsonraw_begin(HookJsonRaw *raw);
extern void hooks_jsonraw_begin_like(HookJsonRaw *raw,
									 const HookJsonRaw *other);
extern void hooks_jsonraw_add(HookJsonRaw *raw, const JsonbValue *value);
extern void hooks_jsonraw_add_json(HookJsonRaw *raw, Jsonb *json);
extern void hooks_jsonraw_add_string(HookJsonRaw *raw, const char *string);
extern void hooks_jsonraw_add_text(HookJsonRaw *raw, const text * string);
extern void hooks_jsonraw_add_integer(HookJsonRaw *raw, int64 number);
extern Jsonb *hooks_jsonraw_end(const HookJsonRaw *raw, bool object);
extern void hooks_jsonraw_free(HookJsonRaw *raw);

#endif							/* HOOKS_JSONRAW_H */
