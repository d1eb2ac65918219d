/*
 * kinds.c
 *		What kinds of hooks there are.
 *
 * A kind is told by phase and actions.  Few of these are different, however
 * many hooks there are, and an index of hooks.registry has them: each of its
 * keys is read once, and the next one is looked for behind it.  So to read the
 * kinds again after each change takes no longer when there are many hooks.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "base/own.h"
#include "base/preload.h"
#include "base/ring.h"
#include "registry/kinds.h"
#include "registry/registry.h"

/* the index, in the order of its columns */
static const char index_name[] = "registry_phase_idx";
static const AttrNumber index_columns[] =
{Anum_registry_phase, Anum_registry_action};

/*
 * Opens the index; NULL if it is not as the install script makes it, or not to
 * be used.
 */
static Relation
open_index(Relation registry)
{
	Oid			oid = IgnoreSystemIndexes ? InvalidOid :
		hooks_own_find_index(registry, index_name, index_columns[0]);
	Relation	index = OidIsValid(oid) ? index_open(oid, AccessShareLock) :
		NULL;
	bool		usable = index != NULL &&
		index->rd_index->indnkeyatts == lengthof(index_columns);

	for (int i = 0; usable && i < lengthof(index_columns); i++)
		usable = index->rd_index->indkey.values[i] == index_columns[i] &&
			index->rd_indcollation[i] == C_COLLATION_OID &&
			index->rd_indoption[i] == 0;
	if (index == NULL || usable)
		return index;
	index_close(index, AccessShareLock);
	return NULL;
}

static char *
text_of(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	bool		isnull;

	return TextDatumGetCString(heap_getattr(tuple, column, desc, &isnull));
}

/*
 * The kinds that hooks of a phase and a list of actions are of.
 */
static int
kinds_of(const char *phase, const char *list)
{
	int			actions = hooks_word_find_actions(list);
	int			kinds = HOOKS_ANY;

	if (actions & HOOK_DROP)
		kinds |= HOOKS_ON_DROP;
	if (strcmp(phase, hooks_word_of_phase(HOOK_BEFORE_CLOSURE)) == 0)
		kinds |= HOOKS_BEFORE_CLOSURE;
	if (!hooks_preload_is_set())
		return kinds;

	/* the rest fires only where the library sees all statements */
	if (hooks_ring_exists() &&
		strcmp(phase, hooks_word_of_phase(HOOK_ON_FAILURE)) == 0)
		kinds |= HOOKS_ON_FAILURE;
	if (actions & HOOK_SELECT)
		kinds |= HOOKS_ON_SELECT;
	if (actions & (HOOK_SELECT | HOOK_DUMP | HOOK_LOAD))
		kinds |= HOOKS_ON_COPY;
	if (actions & HOOK_ON_STARTUP)
		kinds |= HOOKS_ON_STARTUP;
	return kinds;
}

/*
 * The first key of the index that fits: phase and actions.  False if there is
 * none.
 */
static bool
first_key(Relation registry, Relation index, ScanKey keys, int nkeys,
		  char **phase, char **list)
{
	TupleDesc	desc = RelationGetDescr(registry);
	SysScanDesc scan =
		systable_beginscan_ordered(registry, index, NULL, nkeys, keys);
	HeapTuple	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	bool		found = HeapTupleIsValid(tuple);

	if (found)
	{
		*phase = text_of(tuple, desc, Anum_registry_phase);
		*list = text_of(tuple, desc, Anum_registry_action);
	}
	systable_endscan_ordered(scan);
	return found;
}

/*
 * Goes on to the next key of the index: behind phase and actions or, if there
 * is none of the phase, to the next phase.
 */
static bool
next_key(Relation registry, Relation index, char **phase, char **list)
{
	ScanKeyData keys[2];

	/* collation "C" */
	ScanKeyInit(&keys[0], Anum_registry_phase, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(*phase));
	ScanKeyInit(&keys[1], Anum_registry_action, BTGreaterStrategyNumber,
				F_TEXT_GT, CStringGetTextDatum(*list));
	if (first_key(registry, index, keys, 2, phase, list))
		return true;
	ScanKeyInit(&keys[0], Anum_registry_phase, BTGreaterStrategyNumber,
				F_TEXT_GT, CStringGetTextDatum(*phase));
	return first_key(registry, index, keys, 1, phase, list);
}

static int
read_by_index(Relation registry, Relation index)
{
	char	   *phase = "";
	char	   *list = "";
	int			kinds = 0;

	while (next_key(registry, index, &phase, &list))
		kinds |= kinds_of(phase, list);
	return kinds;
}

static int
read_all(Relation registry)
{
	TupleDesc	desc = RelationGetDescr(registry);
	SysScanDesc scan =
		systable_beginscan(registry, InvalidOid, false, NULL, 0, NULL);
	int			kinds = 0;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		kinds |= kinds_of(text_of(tuple, desc, Anum_registry_phase),
						  text_of(tuple, desc, Anum_registry_action));
	}
	systable_endscan(scan);
	return kinds;
}

/*
 * What kinds of hooks the registry with this OID has, as bits; none if it is
 * of another version.
 */
int
hooks_kinds_read(Oid relid, bool *other_version)
{
	Relation	registry = try_relation_open(relid, AccessShareLock);
	Relation	index;
	int			kinds = 0;

	/* the extension was dropped meanwhile */
	*other_version = registry == NULL;
	if (registry == NULL)
		return 0;

	/* Of another version: DDL must pass, ALTER EXTENSION UPDATE is DDL */
	*other_version = !hooks_own_has_shape(&hooks_registry_table,
										  RelationGetDescr(registry));
	if (!*other_version)
	{
		index = open_index(registry);
		if (index == NULL)
			kinds = read_all(registry);
		else
		{
			kinds = read_by_index(registry, index);
			index_close(index, AccessShareLock);
		}
		if (kinds != 0 && hooks_registry_has_wide(registry))
			kinds |= HOOKS_WIDE;
	}
	table_close(registry, AccessShareLock);
	return kinds;
}
