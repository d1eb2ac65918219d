/*
 * glance.c
 *		Looks at tables without keeping their locks.
 *
 * Who may not read a table may not keep others from altering it either.  So
 * functions for everybody that tell of tables give back at their end all
 * locks that they took, in whatever module.  Locks that the transaction had
 * before stay.  An error in between needs nothing: the owner of the locks is
 * below that of the transaction, which is aborted.
 */
#include "postgres.h"

#include "base/glance.h"

void
hooks_glance_begin(HookGlance *glance)
{
	glance->before = CurrentResourceOwner;
	glance->owner = ResourceOwnerCreate(CurrentResourceOwner, "hooks glance");
	CurrentResourceOwner = glance->owner;
}

/*
 * Gives back the locks.  That of a commit for all else warns of what was left
 * open; of locks it would give them to the transaction.
 */
void
hooks_glance_end(HookGlance *glance)
{
	Assert(CurrentResourceOwner == glance->owner);
	ResourceOwnerRelease(glance->owner, RESOURCE_RELEASE_BEFORE_LOCKS, true,
						 false);
	ResourceOwnerRelease(glance->owner, RESOURCE_RELEASE_LOCKS, false, false);
	ResourceOwnerRelease(glance->owner, RESOURCE_RELEASE_AFTER_LOCKS, true,
						 false);
	CurrentResourceOwner = glance->before;
	ResourceOwnerDelete(glance->owner);
}
