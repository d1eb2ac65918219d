/*
 * rowtext.c
 *		The text of kept rows: COPY's text format, with values as pg_dump would
 *		write them.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/bytea.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/xml.h"

#include "base/identity.h"
#include "recycle/rowtext.h"

/* the parameter lc_monetary, as in pg_locale.h, which needs headers of ICU */
extern PGDLLIMPORT char *locale_monetary;

/*
 * Functions of other types, for types whose own text loses information: xml
 * loses parts of its declaration, and the plain names of functions and
 * operators can be ambiguous.  The other types have the same format.
 */
static const struct
{
	Oid			type;
	Oid			output;
	Oid			input;			/* InvalidOid: the type's own */
}			exact[] =

{
	{XMLOID, F_TEXTOUT, InvalidOid},
	{REGPROCOID, F_REGPROCEDUREOUT, F_REGPROCEDUREIN},
	{REGOPEROID, F_REGOPERATOROUT, F_REGOPERATORIN},
};

/*
 * The function that makes text of the values of a type.
 */
Oid
hooks_rowtext_output(Oid type)
{
	Oid			output;
	bool		is_varlena;

	for (int i = 0; i < lengthof(exact); i++)
		if (exact[i].type == getBaseType(type))
			return exact[i].output;
	getTypeOutputInfo(type, &output, &is_varlena);
	return output;
}

/*
 * The function that reads it, and the type argument that it needs.  The type
 * must not be a domain.
 */
Oid
hooks_rowtext_input(Oid type, Oid *ioparam)
{
	Oid			input;

	getTypeInputInfo(type, &input, ioparam);
	for (int i = 0; i < lengthof(exact); i++)
		if (exact[i].type == type && OidIsValid(exact[i].input))
			return exact[i].input;
	return input;
}

/*
 * Does the text of a type's values have names that depend on the search_path?
 * What a user has made may have.
 */
bool
hooks_rowtext_has_names(Oid type)
{
	Oid			element = get_element_type(type);

	switch (OidIsValid(element) ? element : type)
	{
		case REGPROCOID:
		case REGPROCEDUREOID:
		case REGOPEROID:
		case REGOPERATOROID:
		case REGCLASSOID:
		case REGCOLLATIONOID:
		case REGTYPEOID:
		case REGCONFIGOID:
		case REGDICTIONARYOID:
			return true;
		default:
			return type >= FirstNormalObjectId;
	}
}

/*
 * Sets the search_path for values that have names, if it is not set so.  In a
 * nest level of hooks_rowtext_begin_settings().
 */
void
hooks_rowtext_set_path(void)
{
	if (*namespace_search_path != '\0')
		hooks_identity_set("search_path", "");
}

/*
 * Sets the other parameters on which the text of values depends, as pg_dump
 * does, until hooks_rowtext_end_settings().  An abort resets them.
 *
 * To set one takes as long as to keep a small row, so those that have the
 * value already are left alone.
 */
int
hooks_rowtext_begin_settings(void)
{
	const struct
	{
		const char *name;
		const char *value;
		bool		has_it;
	}			settings[] =
	{
		{"datestyle", "ISO", DateStyle == USE_ISO_DATES},
		{"intervalstyle", "postgres", IntervalStyle == INTSTYLE_POSTGRES},
		/* all from 1 on write what reads back as the same */
		{"extra_float_digits", "3", extra_float_digits >= 1},
		{"bytea_output", "hex", bytea_output == BYTEA_OUTPUT_HEX},
		{"array_nulls", "on", Array_nulls},
		{"xmloption", "content", xmloption == XMLOPTION_CONTENT},
		{"quote_all_identifiers", "off", !quote_all_identifiers},
		{"lc_monetary", "C", strcmp(locale_monetary, "C") == 0}
	};
	int			level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(settings); i++)
		if (!settings[i].has_it)
			hooks_identity_set(settings[i].name, settings[i].value);
	return level;
}

void
hooks_rowtext_end_settings(int level)
{
	AtEOXact_GUC(true, level);
}

/*
 * Adds a value, NULL for a null, to the row.  Fields come in order, from 0.
 */
void
hooks_rowtext_put(StringInfo data, int field, const char *value)
{
	const char *start = value;

	if (field > 0)
		appendStringInfoCharMacro(data, '\t');
	if (value == NULL)
	{
		appendBinaryStringInfo(data, "\\N", 2);
		return;
	}
	for (;; value++)
	{
		char		escaped;

		switch (*value)
		{
			case '\0':
				appendBinaryStringInfo(data, start, value - start);
				return;
			case '\\':
				escaped = '\\';
				break;
			case '\t':
				escaped = 't';
				break;
			case '\n':
				escaped = 'n';
				break;
			case '\r':
				escaped = 'r';
				break;
			default:
				continue;
		}
		appendBinaryStringInfo(data, start, value - start);
		appendStringInfoCharMacro(data, '\\');
		appendStringInfoCharMacro(data, escaped);
		start = value + 1;
	}
}

/*
 * Splits the first row of a chunk's data into its fields, NULL for a null; the
 * fields point into the data.  Returns the data after the row.  XX001 if the
 * row is malformed.
 */
char *
hooks_rowtext_next(char *data, char **fields, int nfields)
{
	int			n = 0;

	for (bool last = false; !last; n++)
	{
		char	   *out = data;
		char	   *field = data;
		bool		null = data[0] == '\\' && data[1] == 'N';

		while (*data != '\t' && *data != '\n' && *data != '\0')
		{
			if (*data == '\\' && data[1] != '\0')
			{
				data++;
				*out++ = *data == 't' ? '\t' : *data == 'n' ? '\n' :
					*data == 'r' ? '\r' : *data;
				data++;
			}
			else
				*out++ = *data++;
		}
		if (*data == '\0' || (n >= nfields && (n > 0 || out != field)))
			break;
		last = *data++ == '\n';
		*out = '\0';
		if (n < nfields)
			fields[n] = null ? NULL : field;
		if (last && n + 1 >= nfields)
			return data;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("kept row has not the %d fields that it should have",
					nfields)));
	return NULL;				/* keep compiler quiet */
}
