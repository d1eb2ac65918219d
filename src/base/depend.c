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
 * What an object depends on, if it is the depender; or else what depends on
 * it.
 */
static List *
list_objects(Oid classid, Oid objid, bool depender)
{
	Relation	pg_depend = table_open(DependRelationId, AccessShareLock);
	List	   *objects = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], depender ?
				Anum_pg_depend_classid : Anum_pg_depend_refclassid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(classid));
	ScanKeyInit(&keys[1], depender ?
				Anum_pg_depend_objid : Anum_pg_depend_refobjid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(objid));
	scan = systable_beginscan(pg_depend, depender ?
							  DependDependerIndexId : DependReferenceIndexId,
							  true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress *object = palloc(sizeof(ObjectAddress));

		CHECK_FOR_INTERRUPTS();
		if (depender)
			ObjectAddressSubSet(*object, row->refclassid, row->refobjid,
								row->refobjsubid);
		else
			ObjectAddressSubSet(*object, row->classid, row->objid,
								row->objsubid);
		objects = lappend(objects, object);
	}
	systable_endscan(scan);
	table_close(pg_depend, AccessShareLock);
	return objects;
}

/*
 * What depends on an object: the contents of a schema, the members of an
 * extension.  A list of ObjectAddress *.
 */
List *
hooks_depend_list(Oid classid, Oid objid)
{
	return list_objects(classid, objid, false);
}

/*
 * What an object depends on, less PostgreSQL's own objects, of which no
 * dependency is noted.  A list of ObjectAddress *.
 */
List *
hooks_depend_needs(Oid classid, Oid objid)
{
	return list_objects(classid, objid, true);
}

/*
 * 42P17 if an object that was just made depends on a temporary one: it would
 * be dropped with that, when the session ends.
 */
void
hooks_depend_refuse_temporary(Oid classid, Oid objid, const char *kind,
							  const char *name)
{
	ListCell   *lc;

	foreach(lc, hooks_depend_needs(classid, objid))
	{
		const ObjectAddress *object = lfirst(lc);

		if (isAnyTempNamespace(get_object_namespace(object)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
					 errmsg("%s \"%s\" uses a temporary object", kind, name),
					 errdetail("It would be dropped at the end of the session, with %s.",
							   getObjectDescription(object, false))));
	}
}
