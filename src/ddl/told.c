/*
 * told.c
 *		That a command drops what hooks on "drop" were told of.
 *
 * PostgreSQL looks up what a command names after the hooks have fired, and
 * what a name means may have changed by then: a callback renames the table, so
 * that another one further down the search_path is found, or a concurrent
 * transaction renames a schema.  What goes then is not what the hooks let
 * pass, so the command fails.
 *
 *		DROP TABLE t		m.t is found; its hooks fire, and rename it
 *							looked up again: public.t.  55000
 *							meanwhile somebody renames schema m
 *		PostgreSQL			drops public.t
 *		sql_drop			public.t was named, but not told of.  40001
 *		ddl_command_end		m.t is still there.  40001
 */
#include "postgres.h"

#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "ddl/objects.h"
#include "ddl/told.h"

/* A running command and what it named when its hooks fired */
typedef struct Told
{
	struct Told *outer;
	Node	   *command;
	HTAB	   *targets;		/* of ObjectAddress */
} Told;

/*
 * The commands under way, innermost first.  Each lives in a context below that
 * of its subtransaction, which takes it off the list when it is deleted.
 */
static Told *running = NULL;

static void
forget(void *arg)
{
	Told	  **link = &running;

	while (*link != NULL && *link != arg)
		link = &(*link)->outer;
	if (*link != NULL)
		*link = (*link)->outer;
}

static Told *
find(Node *command)
{
	Told	   *told = running;

	while (told != NULL && told->command != command)
		told = told->outer;
	return told;
}

/*
 * Is it one of the objects that are compared?  DROP OWNED also takes things
 * that the roles do not own, such as their policies; hooks are on relations.
 */
static bool
counts(const Told *told, const ObjectAddress *address)
{
	return !IsA(told->command, DropOwnedStmt) ||
		(address->classId == RelationRelationId && address->objectSubId == 0);
}

static HTAB *
set_of(const Told *told, List *targets)
{
	HASHCTL		info = {0};
	HTAB	   *set;
	ListCell   *lc;

	info.keysize = sizeof(ObjectAddress);
	info.entrysize = sizeof(ObjectAddress);
	info.hcxt = CurrentMemoryContext;
	set = hash_create("hooks targets of drop", 16, &info,
					  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	foreach(lc, targets)
	{
		if (counts(told, lfirst(lc)))
			(void) hash_search(set, lfirst(lc), HASH_ENTER, NULL);
	}
	return set;
}

static void
report(Told *told, int sqlstate)
{
	Assert(told != NULL);
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("%s would not drop what its hooks were told of",
					GetCommandTagName(CreateCommandTag(told->command))),
			 errdetail("Since the hooks on drop have fired, the command names something else.")));
}

/*
 * Hooks on drop are about to fire for a command that names these objects
 * (ObjectAddresses).
 */
void
hooks_told_begin(Node *command, List *targets)
{
	MemoryContext context = AllocSetContextCreate(CurTransactionContext,
												  "hooks told of drop",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Told	   *told = palloc(sizeof(Told));
	MemoryContextCallback *callback = palloc(sizeof(MemoryContextCallback));

	Assert(targets != NIL);
	told->outer = running;
	told->command = command;
	told->targets = set_of(told, targets);
	callback->func = forget;
	callback->arg = told;
	MemoryContextRegisterResetCallback(context, callback);
	running = told;
	MemoryContextSwitchTo(old);
}

/*
 * They have fired, and the command names these objects now: 55000 if these are
 * others.
 */
void
hooks_told_check_targets(Node *command, List *targets)
{
	Told	   *told = find(command);
	HTAB	   *now;
	HASH_SEQ_STATUS scan;
	ObjectAddress *address;

	Assert(told != NULL);
	now = set_of(told, targets);
	if (hash_get_num_entries(now) != hash_get_num_entries(told->targets))
		report(told, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE);
	hash_seq_init(&scan, now);
	while ((address = hash_seq_search(&scan)) != NULL)
		if (hash_search(told->targets, address, HASH_FIND, NULL) == NULL)
			report(told, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE);
	hash_destroy(now);
}

/*
 * Was it told of?  A part goes with the whole, and then counts as named, too.
 */
static bool
was_told(const Told *told, ObjectAddress address)
{
	if (hash_search(told->targets, &address, HASH_FIND, NULL) != NULL)
		return true;
	address.objectSubId = 0;
	return hash_search(told->targets, &address, HASH_FIND, NULL) != NULL;
}

/*
 * The command has dropped objects: 40001 if it named one that the hooks were
 * not told of.  From an sql_drop event trigger only.
 */
void
hooks_told_check_dropped(Node *command)
{
	Told	   *told = find(command);
	ListCell   *lc;

	/* ALTER TABLE may also drop what reaches nothing else */
	if (told == NULL || IsA(command, AlterTableStmt))
		return;
	foreach(lc, hooks_objects_dropped())
	{
		HookObject *object = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (object->original && counts(told, &object->address) &&
			!was_told(told, object->address))
			report(told, ERRCODE_T_R_SERIALIZATION_FAILURE);
	}
}

static bool
exists(const ObjectAddress *address)
{
	HeapTuple	tuple;

	if (address->classId != RelationRelationId || address->objectSubId == 0)
		return getObjectIdentity(address, true) != NULL;
	tuple = SearchSysCacheAttNum(address->objectId, address->objectSubId);
	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return HeapTupleIsValid(tuple);
}

/*
 * The command is over: 40001 if something is still there that the hooks were
 * told of.
 */
void
hooks_told_end(Node *command)
{
	Told	   *told = find(command);
	HASH_SEQ_STATUS scan;
	ObjectAddress *address;

	if (told == NULL)
		return;
	hash_seq_init(&scan, told->targets);
	while ((address = hash_seq_search(&scan)) != NULL)
		if (exists(address))
			report(told, ERRCODE_T_R_SERIALIZATION_FAILURE);
	MemoryContextDelete(GetMemoryChunkContext(told));
}
