/*
 * fields.h
 *		From kept text to values of a table's columns.
 */
#ifndef HOOKS_FIELDS_H
#define HOOKS_FIELDS_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "fmgr.h"
#include "utils/rel.h"

#include "recycle/kept_row.h"

/* How the fields of kept rows become columns of their table */
typedef struct HookFields
{
	int			n;
	AttrNumber *attnums;		/* of the table, by field; InvalidAttrNumber:
								 * it is gone, and left out */
	FmgrInfo   *input;
	Oid		   *ioparams;
	Oid		   *types;			/* of domains, the type beneath */
	int32	   *typmods;
	char	  **values;			/* of the current row */
} HookFields;

extern void hooks_fields_match(HookFields *fields, Relation rel,
							   const HookKeptFormat *format, bool skip);
extern Datum hooks_fields_input(HookFields *fields, int i);
extern void hooks_fields_place(const HookFields *fields, TupleTableSlot *kept,
							   TupleTableSlot *row);

#endif							/* HOOKS_FIELDS_H */
