/*
 * depend.c
 *		What depends on an object, and on what an object depends.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_depend.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"

#include "base/depend.h"

/*
 * What depends on an object: the contents of a schema, the members of an
 * extension.  A list of ObjectAddress *.
 */
List *
hooks_depend_list(Oid classid, Oid objid)
{
	Relation	pg_depend = table_open(DependRelationId, AccessShareLock);
	List	   *objects = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(classid));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(objid));
	scan = systable_beginscan(pg_depend, DependReferenceIndexId, true, NULL, 2,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress *object = palloc(sizeof(ObjectAddress));

		CHECK_FOR_INTERRUPTS();
		ObjectAddressSubSet(*object, row->classid, row->objid, row->objsubid);
		objects = lappend(objects, object);
	}
	systable_endscan(scan);
	table_close(pg_depend, AccessShareLock);
	return objects;
}

/*
 * 42P17 if an object that was just made depends on a temporary one: it would
 * be dropped with that, when the session ends.
 */
void
hooks_depend_refuse_temporary(Oid classid, Oid objid, const char *kind,
							  const char *name)
{
	Relation	pg_depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(classid));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(objid));
	scan = systable_beginscan(pg_depend, DependDependerIndexId, true, NULL, 2,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress object;

		ObjectAddressSubSet(object, row->refclassid, row->refobjid,
							row->refobjsubid);
		if (isAnyTempNamespace(get_object_namespace(&object)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
					 errmsg("%s \"%s\" uses a temporary object", kind, name),
					 errdetail("It would be dropped at the end of the session, with %s.",
							   getObjectDescription(&object, false))));
	}
	systable_endscan(scan);
	table_close(pg_depend, AccessShareLock);
}
