/*
 * putback.h
 *		The SQL that puts kept rows back.
 */
#ifndef HOOKS_PUTBACK_H
#define HOOKS_PUTBACK_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/queryenvironment.h"
#include "utils/tuplestore.h"

#include "fields.h"

/* Rows of one format, to be put back */
typedef struct HookRestored
{
	HookKeptFormat format;
	HookFields	fields;
	TupleDesc	desc;
	EphemeralNamedRelationData enr;
	Tuplestorestate *store;
	int64		rows;
} HookRestored;

extern char *hooks_putback_statement(List *tables);

#endif							/* HOOKS_PUTBACK_H */
