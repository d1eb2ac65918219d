/*
 * follow.c
 *		Keeps the registry true while objects change name or owner.
 *
 * The registry knows functions, columns and schemas by name, as names survive
 * a dump.  Before a command that may change one, the hooks that mention it are
 * resolved to OIDs and column numbers; after it these are written as names
 * again.  In between, nobody else writes to the registry.
 *
 * Before a command that may drop something, conditions are resolved too: those
 * that mean nothing any more afterwards used what is gone.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "callback.h"
#include "condition.h"
#include "follow.h"
#include "mention.h"
#include "owner.h"
#include "registry.h"

/* A hook and what its names mean */
typedef struct Resolved
{
	Hook	   *hook;
	Oid			callback;		/* InvalidOid: not there */
	Node	   *condition;		/* NULL: none, or it means nothing */
	char	   *text;			/* the same, as it is written */
	int			ncolumns;
	AttrNumber *columns;
	Oid			schema;
	bool		owners_known;	/* all functions are those of function_owners */
} Resolved;

/* The hooks that a command may concern */
typedef struct Followed
{
	struct Followed *outer;
	Node	   *command;
	bool		renames;		/* otherwise, it may drop what conditions use */
	int			nest_level;		/* of the transaction when it began */
	MemoryContext context;
	const char *name;			/* that it is about, NULL for several */
	List	   *hooks;			/* of Resolved */
	List	   *known;			/* Hooks: all, as they were */
} Followed;

/*
 * The commands under way, innermost first.  Each lives in a context below that
 * of its subtransaction; an abort takes off those that it undoes, the end of the
 * transaction all.
 */
static Followed *followed = NULL;

/* the functions that a resolved hook calls */
static List *
functions_of(const Resolved *resolved)
{
	List	   *functions = resolved->condition == NULL ? NIL :
		hooks_callback_functions(resolved->condition);

	return lappend_oid(functions, resolved->callback);
}

static Resolved *
resolve(Hook *hook, bool wait)
{
	Resolved   *resolved = palloc0(sizeof(Resolved));
	char	  **columns = hooks_hook_strings(hook->columns, &resolved->ncolumns);
	ListCell   *lc;

	resolved->hook = hook;
	resolved->callback = hooks_callback_resolve(hook->callback);
	if (hook->condition != NULL)
		resolved->condition = hooks_condition_resolve(hook, wait);
	if (resolved->condition != NULL)
		resolved->text = hooks_condition_deparse(hook, resolved->condition);
	resolved->columns = palloc0(sizeof(AttrNumber) * (resolved->ncolumns + 1));
	for (int i = 0; i < resolved->ncolumns; i++)
		resolved->columns[i] = get_attnum(hook->relation, columns[i]);
	if (hook->schema != NULL)
		resolved->schema = get_namespace_oid(hook->schema, true);

	resolved->owners_known = OidIsValid(resolved->callback) &&
		(hook->condition == NULL || resolved->condition != NULL);
	foreach(lc, functions_of(resolved))
		resolved->owners_known &= hooks_callback_owner_is_known(lfirst_oid(lc),
																hook);
	return resolved;
}

static bool
concerns(const List *hooks, const char *name)
{
	const ListCell *lc;

	foreach(lc, hooks)
		if (hooks_mention_in_hook(lfirst(lc), name))
			return true;
	return false;
}

/*
 * Before a command that changes names or owners of objects or, if it does not
 * rename, may drop some.
 *
 * Writers of the registry are kept out if a hook is concerned, and otherwise
 * not waited for: whoever registers a hook meanwhile is found at the end.
 */
void
hooks_follow_begin(Node *command, bool renames)
{
	MemoryContext context;
	MemoryContext old;
	Followed   *entry;
	ListCell   *lc;

	/* of the subtransaction, whose abort takes the command back */
	context = AllocSetContextCreate(CurTransactionContext, "hooks followed",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	entry = palloc0(sizeof(Followed));
	entry->name = renames ? hooks_mention_changed_name(command) : hooks_mention_dropped_name(command);
	entry->known = hooks_registry_all();
	if (renames && concerns(entry->known, entry->name))
	{
		hooks_registry_lock();
		entry->known = hooks_registry_all();
	}
	foreach(lc, entry->known)
	{
		Hook	   *hook = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (renames ? hooks_mention_in_hook(hook, entry->name) :
			hooks_mention_in(hook->condition, entry->name))
			entry->hooks = lappend(entry->hooks, resolve(hook, renames));
	}
	entry->command = command;
	entry->renames = renames;
	entry->nest_level = GetCurrentTransactionNestLevel();
	entry->context = context;
	entry->outer = followed;
	followed = entry;
	MemoryContextSwitchTo(old);
}

/* the entry of a command, NULL if it has none */
static Followed *
entry_of(Node *command)
{
	Followed   *entry = followed;

	while (entry != NULL && entry->command != command)
		entry = entry->outer;
	return entry;
}

/*
 * The hooks that somebody registered or changed since the command began, and
 * that mention what it is about.
 */
static List *
newcomers(const Followed *entry)
{
	List	   *hooks = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, hooks_registry_all())
	{
		Hook	   *hook = lfirst(lc);
		bool		known = false;

		CHECK_FOR_INTERRUPTS();
		if (!hooks_mention_in_hook(hook, entry->name))
			continue;
		foreach(lc2, entry->known)
			known |= ((Hook *) lfirst(lc2))->hook_id == hook->hook_id &&
				ItemPointerEquals(&((Hook *) lfirst(lc2))->tid, &hook->tid);
		if (!known)
			hooks = lappend(hooks, hook);
	}
	return hooks;
}

/*
 * Does everything that a hook names exist?
 */
static bool
is_whole(Hook *hook)
{
	Resolved   *resolved = resolve(hook, true);

	if (!OidIsValid(resolved->callback) ||
		(hook->condition != NULL && resolved->condition == NULL) ||
		(hook->schema != NULL && !OidIsValid(resolved->schema)))
		return false;
	for (int i = 0; i < resolved->ncolumns; i++)
		if (resolved->columns[i] == InvalidAttrNumber)
			return false;
	return true;
}

/*
 * 40001 if somebody registered a hook, while the command waited for its locks,
 * that means nothing any more now.
 */
static void
check_newcomers(const Followed *entry)
{
	ListCell   *lc;

	foreach(lc, newcomers(entry))
		if (!is_whole(lfirst(lc)))
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("could not follow the command, as hook \"%s\" was registered meanwhile",
							((Hook *) lfirst(lc))->name),
					 errhint("The command might succeed if retried.")));
}

/*
 * The hooks whose condition meant something before the command and means
 * nothing any more or, if strict, something else.
 */
List *
hooks_follow_broken(Node *command, bool strict)
{
	Followed   *entry = entry_of(command);
	List	   *broken = NIL;
	ListCell   *lc;

	if (entry == NULL || entry->renames)
		return NIL;
	foreach(lc, entry->hooks)
	{
		Resolved   *resolved = lfirst(lc);
		Hook	   *hook;
		Node	   *condition;

		CHECK_FOR_INTERRUPTS();
		if (resolved->condition == NULL)
			continue;
		hook = hooks_registry_find(resolved->hook->name);
		if (hook == NULL || hook->hook_id != resolved->hook->hook_id ||
			hook->condition == NULL)
			continue;
		condition = hooks_condition_resolve(hook, true);
		if (condition == NULL ||
			(strict && !equal(condition, resolved->condition)))
			broken = lappend(broken, hook);
	}
	return broken;
}

static bool
set_name(char **text, char *value)
{
	if (value == NULL || *text == NULL || strcmp(*text, value) == 0)
		return false;
	*text = value;
	return true;
}

/* the columns under their names of now; those that are gone keep theirs */
static bool
update_columns(Hook *hook, const Resolved *resolved)
{
	int			n;
	char	  **names = hooks_hook_strings(hook->columns, &n);
	Datum	   *elements = palloc(sizeof(Datum) * (n + 1));
	bool		changed = false;

	if (n != resolved->ncolumns)
		return false;
	for (int i = 0; i < n; i++)
	{
		char	   *name = resolved->columns[i] == InvalidAttrNumber ? NULL :
			get_attname(hook->relation, resolved->columns[i], true);

		changed |= set_name(&names[i], name);
		elements[i] = DirectFunctionCall1(namein, CStringGetDatum(names[i]));
	}
	if (changed)
		hook->columns = construct_array(elements, n, NAMEOID, NAMEDATALEN,
										false, TYPALIGN_CHAR);
	return changed;
}

/* a renamed schema in the search_path */
static bool
update_search_path(Hook *hook, Node *command)
{
	RenameStmt *stmt = (RenameStmt *) command;
	StringInfoData path;
	List	   *schemas;
	ListCell   *lc;

	if (!IsA(command, RenameStmt) || stmt->renameType != OBJECT_SCHEMA ||
		!SplitIdentifierString(pstrdup(hook->search_path), ',', &schemas))
		return false;
	initStringInfo(&path);
	foreach(lc, schemas)
	{
		const char *schema = lfirst(lc);

		if (strcmp(schema, stmt->subname) == 0)
			schema = stmt->newname;
		appendStringInfo(&path, "%s%s", path.len > 0 ? ", " : "",
						 quote_identifier(schema));
	}
	foreach(lc, schemas)
		if (strcmp(lfirst(lc), stmt->subname) == 0)
			return set_name(&hook->search_path, path.data);
	return false;
}

/* the owners of the functions, if they changed with the command */
static bool
update_owners(Hook *hook, const Resolved *resolved)
{
	ListCell   *lc;
	bool		known = true;

	if (!resolved->owners_known)
		return false;
	foreach(lc, functions_of(resolved))
		known &= hooks_callback_owner_is_known(lfirst_oid(lc), hook);
	if (!known)
		hook->function_owners = hooks_callback_owners(functions_of(resolved));
	return !known;
}

/* a hook of one of the roles becomes the new one's */
static bool
update_owner(Hook *hook, Node *command)
{
	ReassignOwnedStmt *stmt = (ReassignOwnedStmt *) command;
	ListCell   *lc;

	if (!IsA(command, ReassignOwnedStmt))
		return false;
	foreach(lc, stmt->roles)
		if (get_rolespec_oid(lfirst(lc), false) == hook->owner)
		{
			hook->owner = get_rolespec_oid(stmt->newrole, false);
			if ((!OidIsValid(hook->relation) ||
				 hook->run_as == HOOK_AS_INVOKER) && !superuser_arg(hook->owner))
				ereport(ERROR,
						(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						 errmsg("permission denied to change owner of hook \"%s\"",
								hook->name),
						 errhint("The owner of a hook on more than one table, or of one that runs as the invoker, must be a superuser.")));
			return true;
		}
	return false;
}

/*
 * The condition under the names of now; 0A000 if so written it would mean
 * something else.
 */
static bool
update_condition(Hook *hook, const Resolved *resolved)
{
	char	   *text;
	Node	   *condition;

	if (resolved->condition == NULL)
		return false;
	text = hooks_condition_deparse(hook, resolved->condition);
	if (strcmp(text, resolved->text) != 0)
		hook->condition = text;
	/* NULL: the owner lost a right; the hook fails, as its policy says */
	condition = hooks_condition_resolve(hook, true);
	if (condition != NULL && !equal(condition, resolved->condition))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("condition of hook \"%s\" would mean something else",
						hook->name),
				 errdetail("%s", hook->condition)));
	return strcmp(text, resolved->text) != 0;
}

/*
 * Writes what a hook's names mean as names of now.  Roles that got or lost it
 * are added to *owners.
 */
static void
update_names(const Resolved *resolved, Node *command, List **owners)
{
	Hook	   *hook = hooks_registry_find(resolved->hook->name);
	bool		changed = false;
	Oid			owner;

	if (hook == NULL || hook->hook_id != resolved->hook->hook_id)
		return;
	owner = hook->owner;
	if (update_owner(hook, command))
	{
		changed = true;
		*owners = list_append_unique_oid(*owners, owner);
		*owners = list_append_unique_oid(*owners, hook->owner);
	}
	if (SearchSysCacheExists1(PROCOID, ObjectIdGetDatum(resolved->callback)))
		changed |= set_name(&hook->callback,
							hooks_callback_signature(resolved->callback));
	changed |= update_condition(hook, resolved);
	changed |= update_columns(hook, resolved);
	if (OidIsValid(resolved->schema))
		changed |= set_name(&hook->schema, get_namespace_name(resolved->schema));
	changed |= update_search_path(hook, command);
	changed |= update_owners(hook, resolved);
	if (changed)
		hooks_registry_update(hook);
}

/*
 * After the command, which succeeded.
 */
void
hooks_follow_end(Node *command)
{
	Followed   *entry = entry_of(command);
	List	   *owners = NIL;
	ListCell   *lc;

	if (entry == NULL)
		return;
	/* and those of commands that began inside, and were not seen to end */
	followed = entry->outer;
	if (hooks_registry_kinds() & HOOKS_ANY)
		check_newcomers(entry);
	if (entry->renames)
		foreach(lc, entry->hooks)
			update_names(lfirst(lc), command, &owners);
	foreach(lc, owners)
		(void) hooks_owner_sync(lfirst_oid(lc), false);
	MemoryContextDelete(entry->context);
}

/*
 * The transaction level, and what is nested in it, aborts; 0 at the end of the
 * transaction.
 */
void
hooks_follow_abort(int nest_level)
{
	if (nest_level == 0)
		followed = NULL;
	while (followed != NULL && followed->nest_level >= nest_level)
		followed = followed->outer;
}
