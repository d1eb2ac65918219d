/*
 * jsonraw.c
 *		Arrays and objects of jsonb that are put together from finished parts.
 *
 * PostgreSQL makes jsonb from a tree of its smallest values.  To put an array
 * of many rows together from rows that are jsonb already, it would take each
 * of them apart again.  Here they are copied as they are, in the format that
 * jsonb.h describes: a header, an entry for each value, then the values.
 *
 * The keys of an object are added first, in the order that jsonb wants: by
 * length, then by bytes, each once; then its values, in the same order.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/numeric.h"

#include "base/jsonraw.h"

void
hooks_jsonraw_begin(HookJsonRaw *raw)
{
	initStringInfo(&raw->data);
	raw->size = 16;
	raw->used = 0;
	raw->entries = palloc(sizeof(JEntry) * raw->size);
}

/*
 * Begins one that has all that another one has so far, such as the keys that
 * many objects share.
 */
void
hooks_jsonraw_begin_like(HookJsonRaw *raw, const HookJsonRaw *other)
{
	initStringInfo(&raw->data);
	appendBinaryStringInfo(&raw->data, other->data.data, other->data.len);
	raw->size = Max(2 * other->used, 16);
	raw->used = other->used;
	raw->entries = palloc(sizeof(JEntry) * raw->size);
	memcpy(raw->entries, other->entries, sizeof(JEntry) * other->used);
}

/*
 * Adds an entry for what was put behind the first "before" bytes of the data.
 */
static void
add_entry(HookJsonRaw *raw, uint32 kind, int before)
{
	int			length = raw->data.len - before;

	if (raw->data.len > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("total size of jsonb elements exceeds the maximum of %d bytes",
						JENTRY_OFFLENMASK)));
	if (raw->used == raw->size)
	{
		raw->size *= 2;
		raw->entries = repalloc(raw->entries, sizeof(JEntry) * raw->size);
	}
	raw->entries[raw->used++] = kind | length;
}

/*
 * Numbers and containers begin at a multiple of four bytes, and the bytes in
 * front of them count as theirs.
 */
static void
add_aligned(HookJsonRaw *raw, uint32 kind, const void *data, int length)
{
	int			before = raw->data.len;

	while (raw->data.len != INTALIGN(before))
		appendStringInfoCharMacro(&raw->data, '\0');
	appendBinaryStringInfo(&raw->data, data, length);
	add_entry(raw, kind, before);
}

/*
 * Adds a value: of one that is no scalar, its finished container.
 */
void
hooks_jsonraw_add(HookJsonRaw *raw, const JsonbValue *value)
{
	int			before = raw->data.len;

	switch (value->type)
	{
		case jbvNull:
			add_entry(raw, JENTRY_ISNULL, before);
			break;
		case jbvBool:
			add_entry(raw, value->val.boolean ? JENTRY_ISBOOL_TRUE :
					  JENTRY_ISBOOL_FALSE, before);
			break;
		case jbvString:
			appendBinaryStringInfo(&raw->data, value->val.string.val,
								   value->val.string.len);
			add_entry(raw, JENTRY_ISSTRING, before);
			break;
		case jbvNumeric:
			add_aligned(raw, JENTRY_ISNUMERIC, value->val.numeric,
						VARSIZE_ANY(value->val.numeric));
			break;
		case jbvBinary:
			add_aligned(raw, JENTRY_ISCONTAINER, value->val.binary.data,
						value->val.binary.len);
			break;
		default:
			elog(ERROR, "unexpected type of jsonb value: %d", value->type);
	}
}

/*
 * Adds any jsonb; NULL: null.
 */
void
hooks_jsonraw_add_json(HookJsonRaw *raw, Jsonb *json)
{
	JsonbValue	scalar;

	if (json == NULL)
		add_entry(raw, JENTRY_ISNULL, raw->data.len);
	else if (JsonbExtractScalar(&json->root, &scalar))
		hooks_jsonraw_add(raw, &scalar);
	else
		add_aligned(raw, JENTRY_ISCONTAINER, &json->root,
					VARSIZE(json) - VARHDRSZ);
}

/*
 * Adds a string; NULL: null.
 */
void
hooks_jsonraw_add_string(HookJsonRaw *raw, const char *string)
{
	int			before = raw->data.len;

	if (string != NULL)
		appendStringInfoString(&raw->data, string);
	add_entry(raw, string != NULL ? JENTRY_ISSTRING : JENTRY_ISNULL, before);
}

/*
 * Adds a text; NULL: null.
 */
void
hooks_jsonraw_add_text(HookJsonRaw *raw, const text * string)
{
	int			before = raw->data.len;

	if (string != NULL)
		appendBinaryStringInfo(&raw->data, VARDATA_ANY(string),
							   VARSIZE_ANY_EXHDR(string));
	add_entry(raw, string != NULL ? JENTRY_ISSTRING : JENTRY_ISNULL, before);
}

/*
 * Adds a number.
 */
void
hooks_jsonraw_add_integer(HookJsonRaw *raw, int64 number)
{
	static Numeric small[4] =
	{
		NULL
	};
	MemoryContext old;
	Numeric		value;

	if (number < 0 || number >= lengthof(small))
	{
		value = int64_to_numeric(number);
		add_aligned(raw, JENTRY_ISNUMERIC, value, VARSIZE_ANY(value));
		pfree(value);
		return;
	}
	if (small[number] == NULL)
	{
		old = MemoryContextSwitchTo(TopMemoryContext);
		small[number] = int64_to_numeric(number);
		MemoryContextSwitchTo(old);
	}
	value = small[number];
	add_aligned(raw, JENTRY_ISNUMERIC, value, VARSIZE_ANY(value));
}

/*
 * The whole array or object, palloc'd.  What was added so far stays, and more
 * can be added.
 */
Jsonb *
hooks_jsonraw_end(const HookJsonRaw *raw, bool object)
{
	Size		size = offsetof(Jsonb, root) +
		offsetof(JsonbContainer, children) + sizeof(JEntry) * raw->used +
		raw->data.len;
	Jsonb	   *json;
	uint32		offset = 0;

	Assert(!object || raw->used % 2 == 0);
	if (raw->used > (object ? JB_CMASK & ~1 : JB_CMASK) ||
		!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of jsonb elements exceeds the maximum")));
	json = palloc(size);
	SET_VARSIZE(json, size);
	json->root.header = object ? JB_FOBJECT | (raw->used / 2) :
		JB_FARRAY | raw->used;

	/* some entries tell where the value ends instead of its length */
	for (int i = 0; i < raw->used; i++)
	{
		JEntry		entry = raw->entries[i];

		offset += JBE_OFFLENFLD(entry);
		json->root.children[i] = i % JB_OFFSET_STRIDE != 0 ? entry :
			(entry & JENTRY_TYPEMASK) | JENTRY_HAS_OFF | offset;
	}
	memcpy(&json->root.children[raw->used], raw->data.data, raw->data.len);
	return json;
}

void
hooks_jsonraw_free(HookJsonRaw *raw)
{
	pfree(raw->data.data);
	pfree(raw->entries);
}
