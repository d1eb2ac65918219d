/*
 * rowjson.c
 *		Rows of a table as jsonb: what to_jsonb() makes of them, faster, with
 *		only some of the columns, and the same in every session.
 *
 * What to_jsonb() looks up for each value is looked up once.  The usual types
 * go from the value to jsonb without text in between.  Times with a time zone
 * are in UTC.  Virtual generated columns are left out, as rows do not have
 * them.
 *
 * A type can have a cast to json that its owner wrote.  The type stands in the
 * table because the table's owner chose it, so the cast runs as that role, in
 * a security-restricted operation, and not as the role that asks.
 */
#include "postgres.h"

#include <math.h>

#include "access/transam.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "nodes/makefuncs.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "base/identity.h"
#include "base/jsonraw.h"
#include "firing/rowjson.h"

/* How values of a column become jsonb */
typedef enum RowJsonKind
{
	ROWJSON_BOOL,
	ROWJSON_INTEGER,
	ROWJSON_FLOAT,
	ROWJSON_NUMERIC,
	ROWJSON_TEXT,
	ROWJSON_TIME,
	ROWJSON_JSONB,
	ROWJSON_OUTPUT,				/* the text of the type, without settings */
	ROWJSON_ANY					/* to_jsonb() */
} RowJsonKind;

typedef struct RowJsonColumn
{
	AttrNumber	attnum;
	JsonbValue	key;			/* its name */
	Oid			type;			/* without domains */
	RowJsonKind kind;
	FmgrInfo	function;		/* for the last two kinds */
} RowJsonColumn;

struct HookRowJson
{
	Oid			relid;
	bool		foreign_code;	/* values may run what somebody wrote */
	bool		settings;		/* they depend on parameters */
	HookIdentity before;
	int			level;			/* of parameters */
	HookJsonRaw keys;			/* the beginning of each object */
	int			n;
	RowJsonColumn columns[FLEXIBLE_ARRAY_MEMBER];	/* as jsonb orders keys */
};

/*
 * The order of keys in jsonb, so that they need not be sorted for each row.
 */
static int
compare_json_keys(const void *a, const void *b)
{
	const JsonbValue *one = &((const RowJsonColumn *) a)->key;
	const JsonbValue *other = &((const RowJsonColumn *) b)->key;

	if (one->val.string.len != other->val.string.len)
		return one->val.string.len < other->val.string.len ? -1 : 1;
	return memcmp(one->val.string.val, other->val.string.val,
				  one->val.string.len);
}

static RowJsonKind
kind_of(Oid type)
{
	switch (type)
	{
		case BOOLOID:
			return ROWJSON_BOOL;
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return ROWJSON_INTEGER;
		case FLOAT4OID:
		case FLOAT8OID:
			return ROWJSON_FLOAT;
		case NUMERICOID:
			return ROWJSON_NUMERIC;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return ROWJSON_TEXT;
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return ROWJSON_TIME;
		case JSONBOID:
			return ROWJSON_JSONB;
		case NAMEOID:
		case UUIDOID:
			return ROWJSON_OUTPUT;
		default:
			break;
	}
	if (get_typtype(type) == TYPTYPE_ENUM)
	{
		Oid			cast;

		/* as to_jsonb() looks for a cast */
		if (find_coercion_pathway(JSONOID, type, COERCION_EXPLICIT,
								  &cast) != COERCION_PATH_FUNC)
			return ROWJSON_OUTPUT;
	}
	return ROWJSON_ANY;
}

static void
add_json_column(HookRowJson *row, Form_pg_attribute att)
{
	RowJsonColumn *column = &row->columns[row->n++];
	Oid			output;
	bool		is_varlena;

	column->attnum = att->attnum;
	column->key.type = jbvString;
	column->key.val.string.val = pstrdup(NameStr(att->attname));
	column->key.val.string.len = strlen(NameStr(att->attname));
	column->type = getBaseType(att->atttypid);
	column->kind = kind_of(column->type);
	if (column->kind == ROWJSON_OUTPUT)
	{
		getTypeOutputInfo(column->type, &output, &is_varlena);
		fmgr_info(output, &column->function);
	}
	if (column->kind == ROWJSON_ANY)
	{
		List	   *argument = list_make1(makeNullConst(column->type, -1,
														InvalidOid));

		fmgr_info(F_TO_JSONB, &column->function);
		fmgr_info_set_expr((Node *) makeFuncExpr(F_TO_JSONB, JSONBOID,
												 argument, InvalidOid,
												 InvalidOid,
												 COERCE_EXPLICIT_CALL),
						   &column->function);
		row->settings = true;

		/* inside of an array or composite may be any type */
		row->foreign_code |= column->type >= FirstNormalObjectId ||
			get_element_type(column->type) >= FirstNormalObjectId;
	}
}

/*
 * Prepares to make jsonb of rows of a table: of the columns with these
 * attribute numbers, or of all (NULL).  In the current memory context, in
 * which it can be used as long as the table does not change.
 */
HookRowJson *
hooks_rowjson_begin(Relation rel, const Bitmapset *columns)
{
	TupleDesc	desc = RelationGetDescr(rel);
	HookRowJson *row = palloc0(offsetof(HookRowJson, columns) +
							   sizeof(RowJsonColumn) * desc->natts);

	row->relid = RelationGetRelid(rel);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped &&
			(att->attgenerated == '\0' ||
			 att->attgenerated == ATTRIBUTE_GENERATED_STORED) &&
			(columns == NULL || bms_is_member(att->attnum, columns)))
			add_json_column(row, att);
	}
	qsort(row->columns, row->n, sizeof(RowJsonColumn), compare_json_keys);
	hooks_jsonraw_begin(&row->keys);
	for (int i = 0; i < row->n; i++)
		hooks_jsonraw_add(&row->keys, &row->columns[i].key);
	return row;
}

/*
 * Does making jsonb of a row neither call code of others nor fail by what the
 * row holds, other than by its size?
 */
bool
hooks_rowjson_is_plain(const HookRowJson *row)
{
	Assert(row->settings || !row->foreign_code);
	return !row->settings;
}

/*
 * Can it be used again in other statements, until the table changes?  Not if
 * it depends on what is not the table's, as the casts of a type.
 */
bool
hooks_rowjson_can_be_kept(const HookRowJson *row)
{
	for (int i = 0; i < row->n; i++)
		if (row->columns[i].type >= FirstNormalObjectId)
			return false;
	return hooks_rowjson_is_plain(row);
}

/*
 * Goes on as values of these columns need it: under parameters that are the
 * same in every session, and as the table's owner.  An abort ends it.
 */
void
hooks_rowjson_enter(HookRowJson *row)
{
	static const char *const settings[][2] = {
		{"datestyle", "ISO"},
		{"intervalstyle", "postgres"},
		{"timezone", "UTC"},
		{"extra_float_digits", "1"},
		{"bytea_output", "hex"},
		{"quote_all_identifiers", "off"},
		{"lc_monetary", "C"},
		{"search_path", HOOKS_SAFE_PATH},
	};

	if (row->settings)
		row->level = hooks_identity_fix(settings, lengthof(settings));
	if (row->foreign_code)
		hooks_identity_become_owner(&row->before, row->relid);
}

void
hooks_rowjson_leave(HookRowJson *row)
{
	if (row->foreign_code)
		hooks_identity_end(&row->before);
	if (row->settings)
		AtEOXact_GUC(false, row->level);
}

static void
set_string(JsonbValue *value, char *string, size_t length)
{
	if (length > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("string too long to represent as jsonb string"),
				 errdetail("Due to an implementation restriction, jsonb strings cannot exceed %d bytes.",
						   JENTRY_OFFLENMASK)));
	value->type = jbvString;
	value->val.string.val = string;
	value->val.string.len = length;
}

static void
set_float(JsonbValue *value, const RowJsonColumn *column, Datum datum)
{
	bool		single = column->type == FLOAT4OID;
	double		number = single ? DatumGetFloat4(datum) :
		DatumGetFloat8(datum);
	char		buffer[Max(DOUBLE_SHORTEST_DECIMAL_LEN,
						   FLOAT_SHORTEST_DECIMAL_LEN)];

	if (isnan(number) || isinf(number))
	{
		char	   *printed = pstrdup(isnan(number) ? "NaN" :
									  number < 0 ? "-Infinity" : "Infinity");

		set_string(value, printed, strlen(printed));
		return;
	}
	if (single)
		float_to_shortest_decimal_buf(DatumGetFloat4(datum), buffer);
	else
		double_to_shortest_decimal_buf(number, buffer);
	value->type = jbvNumeric;
	value->val.numeric =
		DatumGetNumeric(DirectFunctionCall3(numeric_in,
											CStringGetDatum(buffer),
											ObjectIdGetDatum(InvalidOid),
											Int32GetDatum(-1)));
}

static void
set_numeric(JsonbValue *value, Datum datum)
{
	Numeric		number = DatumGetNumeric(datum);

	if (numeric_is_nan(number) || numeric_is_inf(number))
	{
		char	   *printed =
			DatumGetCString(DirectFunctionCall1(numeric_out, datum));

		set_string(value, printed, strlen(printed));
		return;
	}
	value->type = jbvNumeric;
	value->val.numeric = number;
}

static void
set_jsonb(JsonbValue *value, Jsonb *json)
{
	if (JsonbExtractScalar(&json->root, value))
		return;
	value->type = jbvBinary;
	value->val.binary.data = &json->root;
	value->val.binary.len = VARSIZE(json) - VARHDRSZ;
}

/*
 * The value of a row's column.
 */
static void
read_column(JsonbValue *value, RowJsonColumn *column, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		datum = slot_getattr(slot, column->attnum, &isnull);
	int			utc = 0;
	struct varlena *packed;
	char	   *string;

	if (isnull)
	{
		value->type = jbvNull;
		return;
	}
	switch (column->kind)
	{
		case ROWJSON_BOOL:
			value->type = jbvBool;
			value->val.boolean = DatumGetBool(datum);
			break;
		case ROWJSON_INTEGER:
			value->type = jbvNumeric;
			value->val.numeric =
				int64_to_numeric(column->type == INT2OID ?
								 DatumGetInt16(datum) :
								 column->type == INT4OID ?
								 DatumGetInt32(datum) : DatumGetInt64(datum));
			break;
		case ROWJSON_FLOAT:
			set_float(value, column, datum);
			break;
		case ROWJSON_NUMERIC:
			set_numeric(value, datum);
			break;
		case ROWJSON_TEXT:
			packed = PG_DETOAST_DATUM_PACKED(datum);
			set_string(value, VARDATA_ANY(packed),
					   VARSIZE_ANY_EXHDR(packed));
			break;
		case ROWJSON_TIME:
			string = JsonEncodeDateTime(NULL, datum, column->type,
										column->type == TIMESTAMPTZOID ?
										&utc : NULL);
			set_string(value, string, strlen(string));
			break;
		case ROWJSON_JSONB:
			set_jsonb(value, DatumGetJsonbP(datum));
			break;
		case ROWJSON_OUTPUT:
			string = OutputFunctionCall(&column->function, datum);
			set_string(value, string, strlen(string));
			break;
		case ROWJSON_ANY:
			set_jsonb(value,
					  DatumGetJsonbP(FunctionCall1(&column->function, datum)));
			break;
	}
}

/*
 * Adds a row to a jsonb that is being made, as an object.  Between enter and
 * leave; what it allocates lives in the current memory context.
 */
void
hooks_rowjson_push(HookRowJson *row, JsonbInState *state, TupleTableSlot *slot)
{
	hooks_jsonb_push(state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < row->n; i++)
	{
		RowJsonColumn *column = &row->columns[i];
		JsonbValue	value;

		read_column(&value, column, slot);
		hooks_jsonb_push(state, WJB_KEY, &column->key);
		hooks_jsonb_push(state, WJB_VALUE, &value);
	}
	hooks_jsonb_push(state, WJB_END_OBJECT, NULL);
}

/*
 * A row as jsonb of its own.  palloc'd.
 */
Jsonb *
hooks_rowjson_make(HookRowJson *row, TupleTableSlot *slot)
{
	HookJsonRaw object;
	Jsonb	   *json;

	hooks_jsonraw_begin_like(&object, &row->keys);
	for (int i = 0; i < row->n; i++)
	{
		JsonbValue	value;

		read_column(&value, &row->columns[i], slot);
		hooks_jsonraw_add(&object, &value);
	}
	json = hooks_jsonraw_end(&object, true);
	hooks_jsonraw_free(&object);
	return json;
}
