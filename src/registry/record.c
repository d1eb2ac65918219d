/*
 * record.c
 *		Writes hooks: their definitions, and the rows of hooks.registry.
 *
 * The table is written as catalog code does that, with no privilege check:
 * register.c has made those.  Every write invalidates the relation that the
 * hook is on, in all backends, through PostgreSQL's own messages, when the
 * transaction commits; chain.c listens.
 *
 * Who adds, changes or removes a hook holds the writers' lock of the registry
 * and that of the hook; who only lets its row show new names, the latter.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/identity.h"
#include "base/own.h"
#include "base/settings.h"
#include "registry/body.h"
#include "registry/definition.h"
#include "registry/lock.h"
#include "registry/record.h"
#include "registry/registry.h"

/*
 * The greatest number of a hook; 0 if there is none.
 */
static int64
greatest_number(Relation registry)
{
	Relation	index = hooks_own_open_index(registry, "registry_hook_id_key",
											 Anum_registry_hook_id);
	SysScanDesc scan =
		systable_beginscan_ordered(registry, index, NULL, 0, NULL);
	HeapTuple	tuple = systable_getnext_ordered(scan, BackwardScanDirection);
	bool		isnull;
	int64		number = !HeapTupleIsValid(tuple) ? 0 :
		DatumGetInt64(heap_getattr(tuple, Anum_registry_hook_id,
								   RelationGetDescr(registry), &isnull));

	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	return number;
}

/*
 * The next number of the sequence, which begins anew after the greatest one
 * that a hook has: those that came from a dump need not be counted in it.
 */
static int64
next_number(Relation registry)
{
	Oid			sequence = hooks_own_relation("registry_hook_id_seq",
											  RELKIND_SEQUENCE);
	int64		number = nextval_internal(sequence, false);
	int64		greatest = greatest_number(registry);
	HookIdentity before;

	if (number > greatest)
		return number;
	hooks_identity_become(&before, hooks_registry_owner(),
						  SECURITY_LOCAL_USERID_CHANGE);
	(void) DirectFunctionCall2(setval_oid, ObjectIdGetDatum(sequence),
							   Int64GetDatum(greatest));
	hooks_identity_end(&before);
	return nextval_internal(sequence, false);
}

/*
 * Numbers a hook that has no number, or one that another hook has by now.
 */
static void
number_hook(Hook *hook)
{
	Relation	registry =
		hooks_own_open(&hooks_registry_table, AccessShareLock);

	if (hook->hook_id <= 0 || hooks_registry_name_of(hook->hook_id) != NULL)
		hook->hook_id = next_number(registry);
	table_close(registry, AccessShareLock);
}

/*
 * Tells all backends, at commit, that the chains of a hook's relation and of
 * its partitions have changed.
 */
static void
invalidate(const Hook *hook)
{
	ListCell   *lc;

	CacheInvalidateRelcacheByRelid(hooks_registry_relid());
	if (hook->phase == HOOK_STARTUP)
		return;
	if (!OidIsValid(hook->relation))
	{
		CacheInvalidateRelcacheAll();
		return;
	}
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(hook->relation)))
		return;
	if (get_rel_relkind(hook->relation) != RELKIND_PARTITIONED_TABLE)
	{
		CacheInvalidateRelcacheByRelid(hook->relation);
		return;
	}
	foreach(lc, find_all_inheritors(hook->relation, NoLock, NULL))
	{
		CacheInvalidateRelcacheByRelid(lfirst_oid(lc));
	}
}

static void
put_row(Relation registry, Hook *hook, HeapTuple tuple)
{
	if (hooks_hook_has_row(hook))
		CatalogTupleUpdate(registry, &hook->tid, tuple);
	else
		CatalogTupleInsert(registry, tuple);
	hook->tid = tuple->t_self;
	table_close(registry, NoLock);
	invalidate(hook);
	CommandCounterIncrement();
}

/*
 * Makes the row of a whole hook what the hook is now.
 */
static void
write_row(Hook *hook)
{
	Relation	registry =
		hooks_own_open(&hooks_registry_table, RowExclusiveLock);

	put_row(registry, hook,
			hooks_hook_to_row(hook, RelationGetDescr(registry)));
}

static void
delete_row(const Hook *hook)
{
	Relation	registry =
		hooks_own_open(&hooks_registry_table, RowExclusiveLock);
	ItemPointerData tid = hook->tid;

	CatalogTupleDelete(registry, &tid);
	table_close(registry, NoLock);
	invalidate(hook);
	CommandCounterIncrement();
}

/*
 * Adds a hook; sets its hook_id.
 */
void
hooks_record_insert(Hook *hook)
{
	number_hook(hook);
	hooks_definition_create(hook);
	write_row(hook);
}

/*
 * Puts a hook in the place of another one of its name, which was read under
 * the writers' lock.
 */
void
hooks_record_replace(Hook *hook, const Hook *other)
{
	hook->hook_id = other->hook_id;
	hook->tid = other->tid;
	if (OidIsValid(other->definition))
		hooks_definition_drop(other->definition);
	if (!hooks_hook_has_row(hook))
		number_hook(hook);
	hooks_definition_create(hook);
	write_row(hook);
	invalidate(other);
}

/*
 * Writes back the state of a hook that was read under the writers' lock.
 */
void
hooks_record_update(Hook *hook)
{
	Relation	registry;
	HeapTuple	tuple;

	if (!hooks_hook_has_row(hook))
	{
		number_hook(hook);
		write_row(hook);
		return;
	}
	tuple = hooks_registry_row(hook->name);
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "hook \"%s\" has no row", hook->name);
	registry = hooks_own_open(&hooks_registry_table, RowExclusiveLock);
	put_row(registry, hook,
			hooks_hook_change_row(hook, tuple, RelationGetDescr(registry)));
}

/*
 * Removes a hook.
 */
void
hooks_record_delete(const Hook *hook)
{
	if (OidIsValid(hook->definition))
		hooks_definition_drop(hook->definition);
	if (hooks_hook_has_row(hook))
		delete_row(hook);
	else
		invalidate(hook);
}

/*
 * Has a hook a row that shows what it is?
 */
static bool
row_is_true(const Hook *hook)
{
	HeapTuple	tuple = hooks_hook_has_row(hook) ?
		hooks_registry_row(hook->name) : NULL;
	Relation	registry;
	bool		same;

	if (!HeapTupleIsValid(tuple))
		return false;
	registry = hooks_own_open(&hooks_registry_table, AccessShareLock);
	same = hooks_hook_same_row(tuple,
							   hooks_hook_to_row(hook,
												 RelationGetDescr(registry)),
							   RelationGetDescr(registry));
	table_close(registry, AccessShareLock);
	return same;
}

/*
 * Takes the lock on a hook if it is free within a tenth of a second.  Who
 * waited for an object until another transaction ended may come here before
 * that transaction has given back all of its locks.  Only once in a command:
 * *patient is false then.
 */
static bool
lock_soon(const char *name, bool *patient)
{
	for (int i = 0; i < 20; i++)
	{
		if (hooks_lock_hook(name, false))
			return true;
		if (!*patient)
			return false;
		CHECK_FOR_INTERRUPTS();
		pg_usleep(5000L);
	}
	*patient = false;
	return false;
}

/*
 * Makes the row of a definition that came otherwise than by register(), as
 * from a dump, or in which names have changed; makes the definition go with
 * its table.  Returns whether there was anything to do; one that is damaged is
 * left as it is.
 *
 * Waits for who is writing the row, or leaves it as it is with a WARNING.
 */
static bool
make_row_true(Oid definition, bool wait, bool *patient)
{
	Hook	   *hook = hooks_registry_by_definition(definition);
	bool		bound;

	if (hook == NULL || hook->damage != NULL)
		return false;
	bound = hooks_definition_bind(hook);
	if (row_is_true(hook))
		return bound;

	/* once more, under the lock */
	if (!(wait ? hooks_lock_hook(hook->name, true) :
		  lock_soon(hook->name, patient)))
	{
		ereport(WARNING,
				(errmsg("hooks.registry does not show the new names of what hook \"%s\" uses",
						hook->name),
				 errdetail("Another transaction is changing its row."),
				 errhint("hooks.repair() makes it show them.")));
		return bound;
	}
	hook = hooks_registry_by_definition(definition);
	if (hook == NULL || hook->damage != NULL || row_is_true(hook))
		return bound;
	if (!hooks_hook_has_row(hook))
	{
		number_hook(hook);
		hook->enabled_at = GetCurrentTimestamp();
	}
	write_row(hook);
	return true;
}

bool
hooks_record_adopt(Oid definition)
{
	return make_row_true(definition, true, NULL);
}

/*
 * Makes the rows of definitions show what they mean now.  This is done in the
 * sessions of all who rename something, who must not wait for others that only
 * have something to do with the same hook.
 */
void
hooks_record_refresh(List *definitions)
{
	bool		patient = true;
	ListCell   *lc;

	foreach(lc, definitions)
	{
		CHECK_FOR_INTERRUPTS();
		(void) make_row_true(lfirst_oid(lc), false, &patient);
	}
}

/*
 * Tells of a definition that cannot be read.
 */
void
hooks_record_tell_damage(Oid definition)
{
	Hook	   *hook = hooks_body_read(definition);

	if (hook != NULL && hook->damage != NULL)
		ereport(WARNING,
				(errcode(ERRCODE_HOOK_ERROR),
				 errmsg("hook \"%s\" cannot fire: %s", hook->name,
						hook->damage)));
}

/*
 * Makes way for a row that is about to be loaded, as from a dump whose
 * definitions came before: one of the same name goes, and another hook that
 * has its number gets the next one.  If that hook's own row is yet to come, it
 * brings the number that the hook had in the dump.
 */
void
hooks_record_make_way(HeapTuple tuple)
{
	Relation	registry =
		hooks_own_open(&hooks_registry_table, RowExclusiveLock);
	TupleDesc	desc = RelationGetDescr(registry);
	Datum		values[Natts_registry];
	bool		nulls[Natts_registry];
	Hook	   *there;
	char	   *other;

	/* not-null constraints are looked at later */
	heap_deform_tuple(tuple, desc, values, nulls);
	if (!nulls[Anum_registry_name - 1] && !nulls[Anum_registry_hook_id - 1])
	{
		there =
			hooks_registry_find(TextDatumGetCString(values[Anum_registry_name -
														   1]));
		if (there != NULL && hooks_hook_has_row(there))
			delete_row(there);
		other =
			hooks_registry_name_of(DatumGetInt64(values[Anum_registry_hook_id -
														1]));
		if (other != NULL)
		{
			there = hooks_registry_find(other);
			there->hook_id = next_number(registry);
			hooks_record_update(there);
		}
	}
	table_close(registry, NoLock);
}
