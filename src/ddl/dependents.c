/*
 * dependents.c
 *		What a DROP would remove.
 *
 * The closure over pg_depend that performMultipleDeletions in PostgreSQL's
 * dependency.c removes, found without removing or locking anything.  Where the
 * command would be refused, what is found here does not matter.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"

#include "ddl/dependents.h"

/* What the search has found so far */
typedef struct Search
{
	HookDependents *found;
	Relation	pg_depend;
	bool		cascade;
} Search;

static void
add_object(Search *search, Oid classid, Oid objid, int objsubid, bool original,
		   int depth)
{
	ObjectAddress address;
	HookDependent *dependent;
	bool		found;

	/* A part of what goes as a whole */
	ObjectAddressSet(address, classid, objid);
	if (objsubid != 0 &&
		hash_search(search->found->by_address, &address, HASH_FIND, NULL) !=
		NULL)
		return;
	address.objectSubId = objsubid;
	dependent =
		hash_search(search->found->by_address, &address, HASH_ENTER, &found);
	if (found)
		return;
	dependent->original = original;
	dependent->depth = depth;
	search->found->list = lappend(search->found->list, dependent);
}

/*
 * A scan of pg_depend for what an object depends on, or what depends on it; a
 * whole object includes its parts.
 */
static SysScanDesc
scan_depend(Search *search, const ObjectAddress *address, bool dependents)
{
	ScanKeyData keys[3];

	ScanKeyInit(&keys[0],
				dependents ? Anum_pg_depend_refclassid :
				Anum_pg_depend_classid,
				BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(address->classId));
	ScanKeyInit(&keys[1],
				dependents ? Anum_pg_depend_refobjid : Anum_pg_depend_objid,
				BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(address->objectId));
	ScanKeyInit(&keys[2],
				dependents ? Anum_pg_depend_refobjsubid :
				Anum_pg_depend_objsubid,
				BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(address->objectSubId));
	return systable_beginscan(search->pg_depend,
							  dependents ? DependReferenceIndexId :
							  DependDependerIndexId,
							  true, NULL, address->objectSubId != 0 ? 3 : 2,
							  keys);
}

/*
 * If the object is an internal part of another one, or a member of an
 * extension, that goes, too.
 */
static void
add_owners(Search *search, const HookDependent *dependent)
{
	SysScanDesc scan = scan_depend(search, &dependent->address, false);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);

		if (row->deptype == DEPENDENCY_INTERNAL ||
			(row->deptype == DEPENDENCY_EXTENSION &&
			 !(creating_extension && row->refobjid == CurrentExtensionObject)))
			add_object(search, row->refclassid, row->refobjid,
					   row->refobjsubid,
					   false, dependent->depth);
	}
	systable_endscan(scan);
}

/*
 * What depends on the object goes; without CASCADE only what is a part of it.
 */
static void
add_dependents(Search *search, const HookDependent *dependent)
{
	SysScanDesc scan = scan_depend(search, &dependent->address, true);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);

		if (search->cascade || row->deptype != DEPENDENCY_NORMAL)
			add_object(search, row->classid, row->objid, row->objsubid, false,
					   dependent->depth + 1);
	}
	systable_endscan(scan);
}

/*
 * The objects that a DROP of the given ones (ObjectAddresses) would remove,
 * these included and first; palloc'd.
 */
HookDependents *
hooks_dependents_find(List *targets, bool cascade)
{
	HookDependents *found = palloc0(sizeof(HookDependents));
	Search		search = {found, NULL, cascade};
	HASHCTL		info = {0};
	ListCell   *lc;

	info.keysize = sizeof(ObjectAddress);
	info.entrysize = sizeof(HookDependent);
	info.hcxt = CurrentMemoryContext;
	found->by_address = hash_create("hooks dependents", 64, &info,
									HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	search.pg_depend = table_open(DependRelationId, AccessShareLock);
	foreach(lc, targets)
	{
		ObjectAddress *target = lfirst(lc);

		add_object(&search, target->classId, target->objectId,
				   target->objectSubId, true, 0);
	}
	/* The list grows while it is walked */
	for (int i = 0; i < list_length(found->list); i++)
	{
		HookDependent *dependent = list_nth(found->list, i);

		CHECK_FOR_INTERRUPTS();
		if (!dependent->original)
			add_owners(&search, dependent);
		add_dependents(&search, dependent);
	}
	table_close(search.pg_depend, AccessShareLock);
	return found;
}

/*
 * Is an object among them?
 */
bool
hooks_dependents_has(const HookDependents *dependents,
					 const ObjectAddress *address)
{
	return hash_search(dependents->by_address, address, HASH_FIND, NULL) !=
		NULL;
}
