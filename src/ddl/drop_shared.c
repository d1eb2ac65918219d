/*
 * drop_shared.c
 *		Hooks on the drop of roles, databases and tablespaces.
 *
 * Event triggers do not see these commands.  So they are seen where the
 * library is preloaded, by ProcessUtility (executor.c).  The moment is told by
 * PostgreSQL's object_access_hook: it is called for each object that goes,
 * after the command has checked that it is there and that the caller may drop
 * it, and before anything is done.  That hook is ours while such a command
 * runs, and costs others nothing.
 *
 * The hooks that fire are those on drop for all of the database that the
 * command is issued in, once for a command, with all objects that it names.
 * Each of these is looked at again when its turn comes: a callback may have
 * given a name to another.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "catalog/pg_shdepend.h"
#include "catalog/pg_tablespace.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/attempt.h"
#include "base/preload.h"
#include "base/settings.h"
#include "ddl/described.h"
#include "ddl/drop_shared.h"
#include "firing/fire.h"
#include "firing/payload.h"
#include "registry/present.h"
#include "registry/registry.h"

/*
 * The command that runs; NULL if none does.  Whoever began it ends it, also
 * when an error passes.
 */
static HookSharedDrop *running = NULL;

/* What the firings of a command tell */
typedef struct SharedDropEvent
{
	const HookSharedDrop *drop;
	Oid			catalog;
} SharedDropEvent;

/* What a role owns in other databases */
typedef struct OwnedElsewhere
{
	Oid			database;
	int64		objects;
} OwnedElsewhere;

/*
 * The objects that the command names, of which "first" is one.
 */
static List *
named_objects(Node *command, Oid first)
{
	List	   *oids = list_make1_oid(first);
	ListCell   *lc;

	if (!IsA(command, DropRoleStmt))
		return oids;
	foreach(lc, ((DropRoleStmt *) command)->roles)
	{
		const RoleSpec *role = lfirst_node(RoleSpec, lc);
		Oid			oid = role->roletype == ROLESPEC_CSTRING ?
			get_role_oid(role->rolename, true) : InvalidOid;

		if (OidIsValid(oid))
			oids = list_append_unique_oid(oids, oid);
	}
	return oids;
}

static List *
count_elsewhere(List *elsewhere, Oid database)
{
	OwnedElsewhere *entry;
	ListCell   *lc;

	foreach(lc, elsewhere)
	{
		entry = lfirst(lc);
		if (entry->database == database)
		{
			entry->objects++;
			return elsewhere;
		}
	}
	entry = palloc(sizeof(OwnedElsewhere));
	entry->database = database;
	entry->objects = 1;
	return lappend(elsewhere, entry);
}

/*
 * Adds what a role owns to the array in hand, as far as it can be seen from
 * this database; counts the rest.
 */
static List *
add_owned(JsonbInState *state, Relation pg_shdepend, Oid role,
		  List *elsewhere)
{
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_shdepend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(AuthIdRelationId));
	ScanKeyInit(&keys[1], Anum_pg_shdepend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(role));
	scan = systable_beginscan(pg_shdepend, SharedDependReferenceIndexId, true,
							  NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_shdepend row = (Form_pg_shdepend) GETSTRUCT(tuple);
		ObjectAddress address;

		CHECK_FOR_INTERRUPTS();
		if (row->deptype != SHARED_DEPENDENCY_OWNER)
			continue;
		ObjectAddressSubSet(address, row->classid, row->objid, row->objsubid);
		if (row->dbid == MyDatabaseId || row->dbid == InvalidOid)
			hooks_described_add(state, &address, false);
		else
			elsewhere = count_elsewhere(elsewhere, row->dbid);
	}
	systable_endscan(scan);
	return elsewhere;
}

/*
 * Adds what the roles own.
 */
static void
add_owned_by(JsonbInState *state, List *roles)
{
	Relation	pg_shdepend =
		table_open(SharedDependRelationId, AccessShareLock);
	List	   *elsewhere = NIL;
	ListCell   *lc;

	hooks_payload_key(state, "owned");
	hooks_jsonb_push(state, WJB_BEGIN_ARRAY, NULL);
	foreach(lc, roles)
	{
		elsewhere = add_owned(state, pg_shdepend, lfirst_oid(lc), elsewhere);
	}
	hooks_jsonb_push(state, WJB_END_ARRAY, NULL);
	table_close(pg_shdepend, AccessShareLock);

	hooks_payload_key(state, "owned_elsewhere");
	hooks_jsonb_push(state, WJB_BEGIN_ARRAY, NULL);
	foreach(lc, elsewhere)
	{
		const OwnedElsewhere *entry = lfirst(lc);

		hooks_jsonb_push(state, WJB_BEGIN_OBJECT, NULL);
		hooks_payload_add(state, "database",
						  get_database_name(entry->database));
		hooks_payload_key(state, "objects");
		hooks_payload_push_integer(state, WJB_VALUE, entry->objects);
		hooks_jsonb_push(state, WJB_END_OBJECT, NULL);
	}
	hooks_jsonb_push(state, WJB_END_ARRAY, NULL);
}

static const char *
tag_of(const HookSharedDrop *drop)
{
	return GetCommandTagName(CreateCommandTag(drop->command));
}

static Jsonb *
make_shared_event(HookFiring *firing, void *arg)
{
	const SharedDropEvent *event = arg;
	JsonbInState state = hooks_payload_begin(firing);
	ListCell   *lc;

	hooks_payload_add(&state, "command", tag_of(event->drop));
	hooks_payload_key(&state, "objects");
	hooks_jsonb_push(&state, WJB_BEGIN_ARRAY, NULL);
	foreach(lc, event->drop->told)
	{
		ObjectAddress address;

		ObjectAddressSet(address, event->catalog, lfirst_oid(lc));
		hooks_described_add(&state, &address, true);
	}
	hooks_jsonb_push(&state, WJB_END_ARRAY, NULL);
	if (event->catalog == AuthIdRelationId)
		add_owned_by(&state, event->drop->told);
	return hooks_payload_end(&state);
}

/*
 * Does a hook fire at the event for what is in no schema?
 */
static bool
covers_shared(const Hook *hook, const HookEvent *event)
{
	return hook->damage == NULL && hook->enabled &&
		!OidIsValid(hook->schema) &&
		hooks_event_wants(event, hook->phase, hook->level, hook->actions) &&
		hooks_scope_forbids(hook) == NULL;
}

/*
 * Fires the hooks of an event.
 */
static void
fire_shared_event(const HookEvent *event, SharedDropEvent *told)
{
	HookOrigin	origin = {0};
	HookOccasion occasion = {0};
	HookRun    *run;
	List	   *hooks = hooks_registry_wide();
	HookMember **members =
		palloc(sizeof(HookMember *) * Max(list_length(hooks), 1));
	int			n = 0;
	ListCell   *lc;

	foreach(lc, hooks)
	{
		HookReach	reach = {lfirst(lc)};

		if (covers_shared(reach.hook, event))
			members[n++] = hooks_member_make(&reach, NULL);
	}
	run = hooks_fire_prepare_apart(event, members, n);
	if (told->drop->switched_off)
	{
		hooks_fire_leave_out_run(run, HOOK_MISS_SWITCH);
		return;
	}
	occasion.caller = GetUserId();
	occasion.origin = &origin;
	occasion.make = make_shared_event;
	occasion.arg = told;
	hooks_fire_occasion(run, &occasion);
}

/*
 * Fires all hooks of the command: first those of phase before.
 */
static void
fire_shared(HookSharedDrop *drop, Oid catalog)
{
	SharedDropEvent told = {drop, catalog};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "hooks drop",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	for (int i = 0; i < HOOK_EVENTS; i++)
	{
		if (hooks_events[i].action != HOOK_DROP)
			continue;
		PushActiveSnapshot(GetTransactionSnapshot());
		fire_shared_event(&hooks_events[i], &told);
		PopActiveSnapshot();
		CommandCounterIncrement();
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/*
 * The catalog of what the command drops.
 */
static Oid
catalog_of(const Node *command)
{
	return IsA(command, DropRoleStmt) ? AuthIdRelationId :
		IsA(command, DropdbStmt) ? DatabaseRelationId : TableSpaceRelationId;
}

/*
 * Counts those that the kill switch leaves out.
 */
static void
leave_out_shared(void *arg)
{
	HookSharedDrop *drop = arg;

	fire_shared(drop, catalog_of(drop->command));
}

/*
 * An object is about to be dropped, or something else happens to one.
 */
static void
object_is_accessed(ObjectAccessType access, Oid classid, Oid objid,
				   int objsubid, void *arg)
{
	HookSharedDrop *drop = running;
	object_access_hook_type prev = drop->prev;

	if (prev)
		prev(access, classid, objid, objsubid, arg);
	if (access != OAT_DROP || classid != catalog_of(drop->command))
		return;
	if (drop->switched_off)
	{
		if (drop->told == NIL)
			(void) hooks_attempt(leave_out_shared, drop);
		drop->told = list_make1_oid(objid);
	}
	else if (drop->told == NIL)
	{
		drop->told = named_objects(drop->command, objid);
		fire_shared(drop, classid);
	}
	else if (!list_member_oid(drop->told, objid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s names another object than before its hooks fired",
						tag_of(drop))));
}

/*
 * Such a command is about to run; false if no hook is to be told of it.
 */
bool
hooks_drop_shared_begin(HookSharedDrop *drop, Node *command)
{
	if (!hooks_preload_was_early() || !IsTransactionState() ||
		(hooks_present_kinds() & (HOOKS_WIDE | HOOKS_ON_DROP)) !=
		(HOOKS_WIDE | HOOKS_ON_DROP))
		return false;
	drop->switched_off = hooks_settings_kill_switch();
	drop->outer = running;
	drop->command = command;
	drop->told = NIL;
	drop->prev = running == NULL ? object_access_hook : running->prev;
	object_access_hook = object_is_accessed;
	running = drop;
	return true;
}

/*
 * It has run, or failed.
 */
void
hooks_drop_shared_end(HookSharedDrop *drop)
{
	Assert(running == drop);
	running = drop->outer;
	if (running == NULL)
		object_access_hook = drop->prev;
}
