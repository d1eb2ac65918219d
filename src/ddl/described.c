/*
 * described.c
 *		The objects of a drop, as hooks are told of them: as
 *		pg_event_trigger_dropped_objects() describes them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/objectaddress.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/settings.h"
#include "ddl/described.h"
#include "firing/payload.h"

static char *
name_of(HeapTuple tuple, Relation catalog, AttrNumber attnum)
{
	bool		isnull;
	Datum		value;

	if (attnum == InvalidAttrNumber)
		return NULL;
	value = heap_getattr(tuple, attnum, RelationGetDescr(catalog), &isnull);
	return isnull ? NULL : pstrdup(NameStr(*DatumGetName(value)));
}

/*
 * As getObjectIdentity(), with names quoted only where they must be, whatever
 * the caller has set.  NULL if the object is gone.
 */
static char *
identity_of(const ObjectAddress *address)
{
	int			level = hooks_settings_quote_plainly();
	char	   *identity = getObjectIdentity(address, true);

	AtEOXact_GUC(true, level);
	return identity;
}

/*
 * Adds an object to an array; nothing if it is gone.
 */
void
hooks_described_add(JsonbInState *state, const ObjectAddress *address,
					bool is_original)
{
	char	   *identity = identity_of(address);
	char	   *schema = NULL;
	char	   *name = NULL;
	JsonbValue	original = {0};

	if (identity == NULL)
		return;
	if (is_objectclass_supported(address->classId))
	{
		Relation	catalog = table_open(address->classId, AccessShareLock);
		AttrNumber	oid = get_object_attnum_oid(address->classId);
		HeapTuple	tuple = get_catalog_object_by_oid(catalog, oid,
													  address->objectId);
		Oid			namespace = get_object_namespace(address);

		if (OidIsValid(namespace))
			schema = get_namespace_name(namespace);
		if (HeapTupleIsValid(tuple) && address->objectSubId == 0 &&
			get_object_namensp_unique(address->classId))
			name = name_of(tuple, catalog,
						   get_object_attnum_name(address->classId));
		table_close(catalog, AccessShareLock);
	}
	hooks_jsonb_push(state, WJB_BEGIN_OBJECT, NULL);
	hooks_payload_add(state, "object_type",
					  getObjectTypeDescription(address, true));
	hooks_payload_add(state, "schema_name", schema);
	hooks_payload_add(state, "object_name", name);
	hooks_payload_add(state, "object_identity", identity);
	hooks_payload_key(state, "original");
	original.type = jbvBool;
	original.val.boolean = is_original;
	hooks_jsonb_push(state, WJB_VALUE, &original);
	hooks_jsonb_push(state, WJB_END_OBJECT, NULL);
}
