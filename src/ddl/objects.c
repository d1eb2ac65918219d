/*
 * objects.c
 *		What PostgreSQL tells event triggers of a command's objects.
 *
 * PostgreSQL has this for SQL functions only.  They are called directly, not
 * by a query, as every DROP comes here.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/tuplestore.h"

#include "ddl/objects.h"

/* columns of the two functions; the first three are the same */
#define COLUMN_ORIGINAL			4
#define COLUMN_TYPE_DROPPED		7
#define COLUMN_SCHEMA			8
#define COLUMN_ADDRESS_NAMES	11
#define COLUMN_TYPE_TOUCHED		5

/* the value of a text column, NULL if it is */
static char *
text_column(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* the nth last element of a text[] column, from 1; NULL if there is none */
static char *
last_of_column(TupleTableSlot *slot, int column, int nth)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	if (isnull)
		return NULL;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, &nulls, &n);
	return n < nth || nulls[n - nth] ? NULL :
		TextDatumGetCString(elements[n - nth]);
}

static HookObject *
object_from_slot(TupleTableSlot *slot, bool dropped)
{
	HookObject *object = palloc0(sizeof(HookObject));
	bool		isnull;

	ObjectAddressSubSet(object->address,
						DatumGetObjectId(slot_getattr(slot, 1, &isnull)),
						DatumGetObjectId(slot_getattr(slot, 2, &isnull)),
						DatumGetInt32(slot_getattr(slot, 3, &isnull)));
	Assert(!isnull);
	object->type = text_column(slot, dropped ? COLUMN_TYPE_DROPPED :
							   COLUMN_TYPE_TOUCHED);
	if (dropped)
	{
		object->original =
			DatumGetBool(slot_getattr(slot, COLUMN_ORIGINAL, &isnull));
		object->schema = text_column(slot, COLUMN_SCHEMA);
		object->name = last_of_column(slot, COLUMN_ADDRESS_NAMES, 1);
		if (object->address.classId == TriggerRelationId)
		{
			object->table = last_of_column(slot, COLUMN_ADDRESS_NAMES, 2);
			object->schema = last_of_column(slot, COLUMN_ADDRESS_NAMES, 3);
		}
	}
	return object;
}

/*
 * The rows that a function returns as a tuplestore, as HookObjects.
 */
static List *
call_function(Oid function, bool dropped)
{
	LOCAL_FCINFO(fcinfo, 0);
	ExprContext *econtext = CreateStandaloneExprContext();
	ReturnSetInfo result = {0};
	FmgrInfo	finfo;
	TupleTableSlot *slot;
	List	   *objects = NIL;

	fmgr_info(function, &finfo);
	result.type = T_ReturnSetInfo;
	result.econtext = econtext;
	result.allowedModes = SFRM_Materialize | SFRM_Materialize_Random;
	result.returnMode = SFRM_ValuePerCall;
	InitFunctionCallInfoData(*fcinfo, &finfo, 0, InvalidOid, NULL,
							 (Node *) &result);
	(void) FunctionCallInvoke(fcinfo);
	if (result.setResult != NULL)
	{
		slot = MakeSingleTupleTableSlot(result.setDesc, &TTSOpsMinimalTuple);
		while (tuplestore_gettupleslot(result.setResult, true, false, slot))
		{
			CHECK_FOR_INTERRUPTS();
			objects = lappend(objects, object_from_slot(slot, dropped));
		}
		ExecDropSingleTupleTableSlot(slot);
		tuplestore_end(result.setResult);
	}
	FreeExprContext(econtext, true);
	return objects;
}

/*
 * What the command dropped.  From an sql_drop event trigger only.
 */
List *
hooks_objects_dropped(void)
{
	return call_function(F_PG_EVENT_TRIGGER_DROPPED_OBJECTS, true);
}

/*
 * What the command created or altered.  From a ddl_command_end event trigger
 * only.
 */
List *
hooks_objects_touched(void)
{
	return call_function(F_PG_EVENT_TRIGGER_DDL_COMMANDS, false);
}
