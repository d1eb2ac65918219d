/*
 * remove.c
 *		Removes hooks, with the triggers that no other hook wants.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "registry/attach.h"
#include "registry/record.h"
#include "registry/registry.h"
#include "registry/remove.h"
#include "registry/scope.h"

/* see remove.h; set by _PG_init() */
void		(*hooks_remove_lock_deliveries) (const Hook *hook) = NULL;
void		(*hooks_remove_deliveries) (const Hook *hook) = NULL;

/*
 * Removes hooks, which were read under the writers' lock.
 */
void
hooks_remove(List *hooks)
{
	ListCell   *lc;

	/* before their tables, which a callback may be about to use */
	foreach(lc, hooks)
	{
		hooks_remove_lock_deliveries(lfirst(lc));
	}
	foreach(lc, hooks)
	{
		if (!OidIsValid(((Hook *) lfirst(lc))->relation))
			hooks_scope_lock(lfirst(lc));
		hooks_record_delete(lfirst(lc));
	}
	foreach(lc, hooks_scope_tables(hooks))
	{
		CHECK_FOR_INTERRUPTS();
		(void) hooks_attach_sync(lfirst_oid(lc));
	}

	/* What was written until the triggers were gone counts */
	foreach(lc, hooks)
	{
		hooks_remove_deliveries(lfirst(lc));
	}
}
