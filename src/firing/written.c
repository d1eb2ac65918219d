/*
 * written.c
 *		Counts the rows that statements write, for hooks.rehearse().
 *
 * PostgreSQL itself counts for each table and subtransaction the rows that
 * are inserted, updated and deleted, by whomever, and takes the counts back
 * with the subtransaction.  Here they are looked at whenever a statement
 * begins or ends, or a hook fires: what has come since the last look was done
 * by the innermost statement, of which origin.c knows the depth and foreign
 * key.
 *
 *		DELETE of a			a: 2 deleted	look: by the statement, depth 0
 *		 action on b		b: 3 deleted	look: by key "b_fkey", depth 1
 *		  trigger's INSERT	log: 3 inserted	look: by a statement, depth 0
 *
 * A look reads no catalogs but for the names of foreign keys.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/pgstat_internal.h"

#include "base/compat.h"
#include "firing/statement.h"
#include "firing/written.h"

HookWriting *hooks_writing = NULL;

/* What was counted of a table in a transaction level when it was looked at */
typedef struct SeenCounts
{
	Oid			relid;
	int			nest_level;
	/* the key ends here */
	int64		inserted;
	int64		updated;
	int64		deleted;
	bool		truncated;
} SeenCounts;

static HTAB *
make_counts(const char *name, Size keysize, Size entrysize)
{
	HASHCTL		info = {0};

	info.keysize = keysize;
	info.entrysize = entrysize;
	info.hcxt = CurrentMemoryContext;
	return hash_create(name, 64, &info,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Begins to count what the current subtransaction writes, in the current
 * memory context.  Whoever begins it ends it, after an error too.
 */
void
hooks_written_begin(HookWriting *writing)
{
	writing->nest_level = GetCurrentTransactionNestLevel();
	writing->around = hooks_statement;
	writing->clock = 0;
	writing->written = make_counts("hooks rows written",
								   sizeof(HookWrittenKey),
								   sizeof(HookWritten));
	writing->seen = make_counts("hooks rows seen",
								offsetof(SeenCounts, inserted),
								sizeof(SeenCounts));
	writing->outer = hooks_writing;
	hooks_writing = writing;
}

/*
 * What was counted stays in the memory in which it was begun.
 */
void
hooks_written_end(HookWriting *writing)
{
	Assert(hooks_writing == writing);
	hooks_writing = writing->outer;
}

/*
 * Adds rows to what one writer has written; a TRUNCATE has none.
 */
static void
add_written(HookWrittenKey *key, HookAction action, int64 rows)
{
	HookWritten *entry;
	bool		found;

	key->action = action;
	entry = hash_search(hooks_writing->written, key, HASH_ENTER, &found);
	if (!found)
	{
		entry->place = ++hooks_writing->clock;
		entry->rows = 0;
	}
	entry->rows += rows;
}

/*
 * Adds what has happened to a table since it was looked at.
 */
static void
add_since(const PgStat_TableXactStatus *counts, HookWrittenKey *key)
{
	SeenCounts	seen_key = {hooks_pgstat_relid(counts->parent),
		counts->nest_level};
	SeenCounts *seen;
	bool		found;

	seen = hash_search(hooks_writing->seen, &seen_key, HASH_ENTER, &found);
	if (!found)
		memset(&seen->inserted, 0, sizeof(SeenCounts) -
			   offsetof(SeenCounts, inserted));
	key->relid = seen->relid;
	key->nest_level = seen->nest_level;
	if (counts->truncdropped &&
		(!seen->truncated || counts->tuples_inserted < seen->inserted ||
		 counts->tuples_updated < seen->updated ||
		 counts->tuples_deleted < seen->deleted))
	{
		add_written(key, HOOK_TRUNCATE, 0);
		seen->truncated = true;
		seen->inserted = seen->updated = seen->deleted = 0;
	}
	if (counts->tuples_inserted > seen->inserted)
		add_written(key, HOOK_INSERT,
					counts->tuples_inserted - seen->inserted);
	if (counts->tuples_updated > seen->updated)
		add_written(key, HOOK_UPDATE, counts->tuples_updated - seen->updated);
	if (counts->tuples_deleted > seen->deleted)
		add_written(key, HOOK_DELETE, counts->tuples_deleted - seen->deleted);
	seen->inserted = counts->tuples_inserted;
	seen->updated = counts->tuples_updated;
	seen->deleted = counts->tuples_deleted;
}

/*
 * Looks at what was written since the last look; the innermost statement has
 * done it.  To be called before that changes.
 */
void
hooks_written_step(void)
{
	const PgStat_SubXactStatus *level;
	HookWrittenKey key;
	HookOrigin	origin = {0};

	Assert(hooks_writing != NULL);
	memset(&key, 0, sizeof(key));
	if (hooks_statement != NULL && hooks_statement->referential)
		hooks_origin_of_action(hooks_statement->action, &origin);
	key.depth = origin.depth;
	key.constraint = origin.constraint;
	level = pgstat_get_xact_stack_level(GetCurrentTransactionNestLevel());
	for (; level != NULL && level->nest_level >= hooks_writing->nest_level;
		 level = level->prev)
	{
		List	   *tables = NIL;

		/* what was written last comes first */
		for (PgStat_TableXactStatus *counts = level->first; counts != NULL;
			 counts = counts->next)
			tables = lappend(tables, counts);
		for (int i = list_length(tables) - 1; i >= 0; i--)
			add_since(list_nth(tables, i), &key);
		list_free(tables);
	}
}

/*
 * The rehearsed statement itself has ended.  If it has changed no row, that is
 * told too.
 */
void
hooks_written_nothing(const QueryDesc *query)
{
	HookWrittenKey key;
	HookRoot	root;

	if (query->estate->es_processed > 0 || hooks_statement == NULL ||
		hooks_statement->outer != hooks_writing->around)
		return;
	hooks_root_of_plan(query->plannedstmt, &root);
	if (!OidIsValid(root.relation) || root.operation == CMD_UNKNOWN ||
		root.operation == CMD_MERGE)
		return;
	memset(&key, 0, sizeof(key));
	key.relid = root.relation;
	key.nest_level = hooks_writing->nest_level;
	add_written(&key, root.operation == CMD_INSERT ? HOOK_INSERT :
				root.operation == CMD_UPDATE ? HOOK_UPDATE : HOOK_DELETE, 0);
}

static void
merge_written(HookWriting *writing, HookWritten *entry)
{
	HookWrittenKey key = entry->key;
	HookWritten inner = *entry;
	HookWritten *outer;
	bool		found;

	(void) hash_search(writing->written, &key, HASH_REMOVE, NULL);
	key.nest_level--;
	outer = hash_search(writing->written, &key, HASH_ENTER, &found);
	outer->place = found ? Min(outer->place, inner.place) : inner.place;
	outer->rows = found ? outer->rows + inner.rows : inner.rows;
}

static void
merge_seen(HookWriting *writing, SeenCounts *entry)
{
	SeenCounts	inner = *entry;
	SeenCounts *outer;
	bool		found;

	(void) hash_search(writing->seen, &inner, HASH_REMOVE, NULL);
	inner.nest_level--;
	outer = hash_search(writing->seen, &inner, HASH_ENTER, &found);
	if (found && !inner.truncated)
	{
		inner.inserted += outer->inserted;
		inner.updated += outer->updated;
		inner.deleted += outer->deleted;
		inner.truncated = outer->truncated;
	}
	*outer = inner;
}

/*
 * All entries of a table of ours, so that it can be changed meanwhile.
 */
static List *
entries_of(HTAB *table)
{
	HASH_SEQ_STATUS status;
	List	   *entries = NIL;
	void	   *entry;

	hash_seq_init(&status, table);
	while ((entry = hash_seq_search(&status)) != NULL)
		entries = lappend(entries, entry);
	return entries;
}

/*
 * A subtransaction ends: what was written in it belongs to the level around
 * it, or is undone, which does not throw.
 */
void
hooks_written_end_subtransaction(int nest_level, bool commit)
{
	HookWriting *writing = hooks_writing;
	HASH_SEQ_STATUS status;
	HookWritten *written;
	SeenCounts *seen;
	ListCell   *lc;

	if (likely(writing == NULL) || nest_level <= writing->nest_level)
		return;
	if (commit)
	{
		foreach(lc, entries_of(writing->written))
		{
			written = lfirst(lc);
			if (written->key.nest_level == nest_level)
				merge_written(writing, written);
		}
		foreach(lc, entries_of(writing->seen))
		{
			seen = lfirst(lc);
			if (seen->nest_level == nest_level)
				merge_seen(writing, seen);
		}
		return;
	}
	hash_seq_init(&status, writing->written);
	while ((written = hash_seq_search(&status)) != NULL)
	{
		if (written->key.nest_level >= nest_level)
			(void) hash_search(writing->written, &written->key, HASH_REMOVE,
							   NULL);
	}
	hash_seq_init(&status, writing->seen);
	while ((seen = hash_seq_search(&status)) != NULL)
	{
		if (seen->nest_level >= nest_level)
			(void) hash_search(writing->seen, seen, HASH_REMOVE, NULL);
	}
}
