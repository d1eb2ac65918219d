/*
 * parsed.c
 *		Bodies of definitions as trees, kept.
 *
 * To register a hook, all hooks of its table are read, and most of the time
 * that takes is PostgreSQL's, which makes trees of text.  So a session that
 * registers hooks keeps the trees; others read each once, for its chain.  What
 * is in pg_proc decides: a tree is used as long as the row is the same
 * version.  Callers get copies.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "registry/parsed.h"

/* so many are kept, about 10 kB each; then it begins anew */
#define MAX_BODIES	1000

typedef struct ParsedBody
{
	Oid			function;		/* the key */
	TransactionId xmin;			/* of the row, and its place */
	ItemPointerData tid;
	Node	   *tree;			/* NULL: it has none */
	MemoryContext context;		/* of the tree */
} ParsedBody;

/* set by register(), for the rest of the session */
bool		hooks_parsed_kept = false;

/* NULL: nothing is kept */
static HTAB *bodies = NULL;
static MemoryContext bodies_context = NULL;

static void
forget_bodies(void)
{
	if (bodies_context != NULL)
		MemoryContextDelete(bodies_context);
	bodies = NULL;
	bodies_context = NULL;
}

static void
begin_bodies(void)
{
	HASHCTL		info = {0};

	/* there is a context without a table if an error came in between */
	forget_bodies();
	bodies_context = AllocSetContextCreate(CacheMemoryContext,
										   "hooks definitions",
										   ALLOCSET_DEFAULT_SIZES);
	info.keysize = sizeof(Oid);
	info.entrysize = sizeof(ParsedBody);
	info.hcxt = bodies_context;
	bodies = hash_create("hooks definitions", 64, &info,
						 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Makes the tree of a function's body; NULL if the body is text.
 */
static Node *
parse_body(HeapTuple tuple)
{
	bool		isnull;
	Datum		value = SysCacheGetAttr(PROCOID, tuple,
										Anum_pg_proc_prosqlbody, &isnull);

	return isnull ? NULL : stringToNode(TextDatumGetCString(value));
}

static bool
is_same_version(ParsedBody *body, HeapTuple tuple)
{
	return body->xmin == HeapTupleHeaderGetRawXmin(tuple->t_data) &&
		ItemPointerEquals(&body->tid, &tuple->t_self);
}

/*
 * The body of a function, in the current memory context; NULL if it is none of
 * SQL's standard form.
 */
Node *
hooks_parsed_body(HeapTuple tuple)
{
	Oid			function = ((Form_pg_proc) GETSTRUCT(tuple))->oid;
	Node	   *tree;
	ParsedBody *body;
	MemoryContext context;
	MemoryContext old;
	bool		found;

	body = bodies == NULL ? NULL :
		hash_search(bodies, &function, HASH_FIND, NULL);
	if (body != NULL && is_same_version(body, tuple))
		return copyObject(body->tree);

	tree = parse_body(tuple);
	if (!hooks_parsed_kept)
		return tree;
	if (bodies != NULL && hash_get_num_entries(bodies) >= MAX_BODIES)
		forget_bodies();
	if (bodies == NULL)
		begin_bodies();
	context = AllocSetContextCreate(bodies_context, "hooks definition",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	body = hash_search(bodies, &function, HASH_ENTER, &found);
	if (found)
		MemoryContextDelete(body->context);
	body->xmin = InvalidTransactionId;
	body->context = context;
	body->tree = copyObject(tree);
	body->xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
	body->tid = tuple->t_self;
	MemoryContextSwitchTo(old);
	return tree;
}
