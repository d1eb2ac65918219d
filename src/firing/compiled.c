/*
 * compiled.c
 *		By which number languages know a hook's compiled callback.
 *
 * PL/pgSQL compiles a trigger function once in a session for each trigger, of
 * which it knows the OID.  The types of its variables are looked up then and
 * never again, under the search_path of that moment.  Several hooks can have
 * one trigger and one callback, but each has an owner and a search_path of its
 * own: what one owner's path leads to must not run as another one.  So each
 * hook on a trigger has a number in place of the trigger's OID:
 *
 *		trigger 16400, hook of alice	16400
 *		trigger 16400, hook of bob		4294967294
 *		trigger 16412, hook of bob		16412
 *
 * The first hook that this session meets on a trigger keeps the OID.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "firing/compiled.h"

/* A hook on a trigger; of another owner, it is another one */
typedef struct CompiledKey
{
	Oid			trigger;
	Oid			definition;		/* InvalidOid: of whichever hook came first */
	Oid			owner;
} CompiledKey;

typedef struct CompiledEntry
{
	CompiledKey key;
	Oid			number;
} CompiledEntry;

/*
 * What is given out lasts as long as what languages have compiled: for the
 * session.  An abort does nothing to it.
 */
static HTAB *numbers = NULL;

/* what was given out last; no trigger has an OID that high */
static Oid	last_number = OID_MAX;

static HTAB *
make_numbers(void)
{
	HASHCTL		info = {0};

	info.keysize = sizeof(CompiledKey);
	info.entrysize = sizeof(CompiledEntry);
	info.hcxt = CacheMemoryContext;
	return hash_create("hooks numbers of callbacks", 64, &info,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * What takes the place of a trigger's OID when the trigger calls this hook.
 */
Oid
hooks_compiled_number(const Hook *hook, Oid trigger)
{
	CompiledKey key = {trigger, hook->definition, hook->owner};
	CompiledKey first = {trigger, InvalidOid, InvalidOid};
	CompiledEntry *entry;
	bool		others;

	Assert(OidIsValid(hook->definition) && OidIsValid(hook->owner));
	if (numbers == NULL)
		numbers = make_numbers();
	entry = hash_search(numbers, &key, HASH_FIND, NULL);
	if (entry == NULL)
	{
		(void) hash_search(numbers, &first, HASH_ENTER, &others);
		entry = hash_search(numbers, &key, HASH_ENTER, NULL);
		entry->number = others ? --last_number : trigger;
	}
	return entry->number;
}
