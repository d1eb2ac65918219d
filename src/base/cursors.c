/*
 * cursors.c
 *		Cursors that code of others leaves open.
 *
 * A cursor runs as whoever fetches from it.  So none that was opened in a
 * security-restricted operation must outlive it: the code could close one of
 * the caller's and open its own in its place, for the caller to run.
 *
 * PostgreSQL numbers no cursors.  So we do, when such an operation begins:
 * those without a number, or with a higher one, were opened in it.  They come
 * first, as a new memory context does among its siblings
 * (MemoryContextCreate()).
 */
#include "postgres.h"

#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "base/cursors.h"

/* Lives in the memory of the portal, and goes with it */
typedef struct NumberedCursor
{
	slist_node	node;
	MemoryContext context;
	uint64		number;
	MemoryContextCallback gone;
} NumberedCursor;

static slist_head numbered = SLIST_STATIC_INIT(numbered);
static uint64 last_number = 0;

/* the parent of all portals' contexts */
static MemoryContext portals = NULL;

static MemoryContext
first_context(void)
{
	if (portals == NULL)
		for (portals = TopMemoryContext->firstchild; portals != NULL;
			 portals = portals->nextchild)
			if (strcmp(portals->name, "TopPortalContext") == 0)
				break;
	return portals == NULL ? NULL : portals->firstchild;
}

/*
 * The number of a portal's context, 0 for none.
 */
static uint64
number_of(MemoryContext context)
{
	slist_iter	iter;

	slist_foreach(iter, &numbered)
	{
		NumberedCursor *cursor = slist_container(NumberedCursor, node,
												 iter.cur);

		if (cursor->context == context)
			return cursor->number;
	}
	return 0;
}

static void
forget_number(void *cursor)
{
	slist_delete(&numbered, &((NumberedCursor *) cursor)->node);
}

static void
give_number(MemoryContext context)
{
	NumberedCursor *cursor = MemoryContextAlloc(context,
												sizeof(NumberedCursor));

	cursor->context = context;
	cursor->number = ++last_number;
	cursor->gone.func = forget_number;
	cursor->gone.arg = cursor;
	MemoryContextRegisterResetCallback(context, &cursor->gone);
	slist_push_head(&numbered, &cursor->node);
}

/*
 * Before code of others runs: numbers all portals.  Returns the highest.
 */
uint64
hooks_cursors_begin(void)
{
	for (MemoryContext context = first_context();
		 context != NULL && number_of(context) == 0;
		 context = context->nextchild)
		give_number(context);
	return last_number;
}

/*
 * Can the cursor of a portal's context be closed?  NULL if not, as it is one
 * that runs, or that its language will close.  Our own portal, which waits for
 * the commit, is not found.
 */
static Portal
find_closable(MemoryContext context)
{
	Portal		portal = context->ident == NULL ? NULL :
		GetPortalByName(context->ident);

	return PortalIsValid(portal) && portal->portalContext == context &&
		portal->status != PORTAL_ACTIVE && !portal->portalPinned ?
		portal : NULL;
}

/*
 * After it: closes the cursors that were opened since hooks_cursors_begin()
 * has returned this number.
 */
void
hooks_cursors_end(uint64 number)
{
	MemoryContext context = first_context();

	while (context != NULL)
	{
		uint64		its = number_of(context);
		Portal		portal;

		if (its != 0 && its <= number)
			break;
		portal = find_closable(context);
		context = context->nextchild;
		if (portal == NULL)
			continue;

		/* may call code that opens and closes others */
		CHECK_FOR_INTERRUPTS();
		PortalDrop(portal, false);
		context = first_context();
	}
}
