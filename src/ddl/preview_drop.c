/*
 * preview_drop.c
 *		The SQL API that tells what would happen: preview_drop().
 *
 * It reads the catalogs only.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

#include "base/argument.h"
#include "base/glance.h"
#include "base/result.h"
#include "base/settings.h"
#include "ddl/dependents.h"
#include "ddl/drop.h"
#include "firing/chain.h"
#include "firing/forecast.h"
#include "registry/scope.h"

/* columns of hooks.preview_drop(), as in the install script */
#define DROP_COLUMNS 6

/*
 * The relation of the argument: 22004 for NULL, 42P01 if it does not exist,
 * 42809 if it is none that hooks on drop can be on.
 */
static Oid
relation_arg(FunctionCallInfo fcinfo)
{
	Oid			relid;
	const char *problem;

	hooks_argument_require(fcinfo, 0);
	relid = PG_GETARG_OID(0);
	if (hooks_scope_allows(relid, HOOK_DROP, &problem))
		return relid;
	if (problem == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("cannot preview the drop of \"%s\"", get_rel_name(relid)),
			 errdetail_internal("%s", problem)));
	return InvalidOid;			/* keep compiler quiet */
}

/*
 * The names of the hooks that fire for a relation which is dropped with
 * others, in firing order.
 */
static List *
hooks_of_drop(Oid relid, const HookDependents *dependents)
{
	HookRelation *relation = hooks_chain_pin(relid);
	List	   *names = NIL;

	for (int e = 0; e < HOOK_EVENTS && !hooks_settings_kill_switch(); e++)
	{
		const HookChain *chain = &relation->chains[e];

		if (hooks_events[e].action != HOOK_DROP)
			continue;
		for (int i = 0; i < chain->length; i++)
		{
			const Hook *hook = chain->members[i]->hook;

			if (hooks_member_fires_here(chain->members[i]) &&
				!hooks_settings_is_paused(hook->hook_id) &&
				!hooks_drop_fires_above(hook, relid, dependents))
				names = lappend(names, pstrdup(hook->name));
		}
	}
	hooks_chain_unpin(relation);
	return names;
}

static void
put_dependent(Tuplestorestate *rows, TupleDesc desc,
			  const HookDependent *dependent, const HookDependents *dependents,
			  bool cascade)
{
	const ObjectAddress *address = &dependent->address;
	bool		relation = address->classId == RelationRelationId &&
		address->objectSubId == 0;
	char		relkind = relation ? get_rel_relkind(address->objectId) : '\0';
	char	   *identity = getObjectIdentity(address, true);
	Datum		values[DROP_COLUMNS];
	bool		nulls[DROP_COLUMNS] = {false};
	List	   *firing = NIL;
	const char *problem;

	if (identity == NULL)
		return;
	values[0] = Int32GetDatum(dependent->depth);
	nulls[1] = !relation || relkind == RELKIND_INDEX ||
		relkind == RELKIND_TOASTVALUE;
	values[1] = ObjectIdGetDatum(address->objectId);
	values[2] = CStringGetTextDatum(getObjectTypeDescription(address, true));
	values[3] = CStringGetTextDatum(identity);
	values[4] = CStringGetTextDatum(cascade ? "cascade" : "drop");
	if (relation && hooks_scope_allows(address->objectId, HOOK_DROP, &problem))
		firing = hooks_of_drop(address->objectId, dependents);
	values[5] = PointerGetDatum(hooks_forecast_array(firing));
	tuplestore_putvalues(rows, desc, values, nulls);
}

PG_FUNCTION_INFO_V1(hooks_preview_drop);

/*
 * hooks.preview_drop(relation regclass) returns setof record
 *
 * What DROP ... CASCADE of a table or view would remove, and which hooks on
 * drop it would fire.  The action is "drop" for what goes with the relation
 * anyway, "cascade" for what keeps it from being dropped without CASCADE.
 * Errors: 22004, 42P01, 42809.
 */
Datum
hooks_preview_drop(PG_FUNCTION_ARGS)
{
	Oid			relid = relation_arg(fcinfo);
	ObjectAddress target;
	TupleDesc	desc;
	Tuplestorestate *rows = hooks_result_begin(fcinfo, &desc);
	HookDependents *parts;
	HookDependents *dependents;
	HookGlance	glance;
	ListCell   *lc;

	hooks_glance_begin(&glance);
	ObjectAddressSet(target, RelationRelationId, relid);
	parts = hooks_dependents_find(list_make1(&target), false);
	dependents = hooks_dependents_find(list_make1(&target), true);
	foreach(lc, dependents->list)
	{
		HookDependent *dependent = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		put_dependent(rows, desc, dependent, dependents,
					  !hooks_dependents_has(parts, &dependent->address));
	}
	hooks_glance_end(&glance);
	return (Datum) 0;
}
