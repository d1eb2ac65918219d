/*
 * copies.c
 *		Hooks on load and dump: COPY of a relation.
 *
 * COPY FROM loads the relation that it names, COPY TO dumps it, and so reads
 * it: hooks on select fire inside of those on dump.  COPY of a query is no
 * dump.  Where row-level security makes COPY TO a query, the executor fires
 * the hooks on select.
 *
 * The hooks of phase before fire when the relation is locked and the caller's
 * rights are checked, but before COPY itself looks at anything.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#include "base/compat.h"
#include "firing/copies.h"
#include "registry/present.h"

/*
 * The columns that COPY names, offset as in tg_updatedcols; NULL if one does
 * not exist.  Without a list they are all, but for those that are generated.
 */
static Bitmapset *
find_columns_of_copy(Oid relid, const List *names)
{
	Bitmapset  *columns = NULL;
	Bitmapset  *all =
		bms_make_singleton(0 - FirstLowInvalidHeapAttributeNumber);
	ListCell   *lc;
	int			x = -1;

	foreach(lc, names)
	{
		AttrNumber	attnum = get_attnum(relid, strVal(lfirst(lc)));

		if (attnum <= 0)
			return NULL;
		columns = bms_add_member(columns,
								 attnum - FirstLowInvalidHeapAttributeNumber);
	}
	if (names != NIL)
		return columns;
	all = hooks_access_columns(relid, all);
	while ((x = bms_next_member(all, x)) >= 0)
		if (get_attgenerated(relid,
							 x + FirstLowInvalidHeapAttributeNumber) == '\0')
			columns = bms_add_member(columns, x);
	return columns;
}

/*
 * May the current role use the file or program of a COPY?  The client's end of
 * the connection is nobody's.
 */
static bool
may_use_file(const CopyStmt *command)
{
	Oid			role;

	if (command->filename == NULL)
		return true;
	if (command->is_program)
		role = ROLE_PG_EXECUTE_SERVER_PROGRAM;
	else
		role = command->is_from ? ROLE_PG_READ_SERVER_FILES :
			ROLE_PG_WRITE_SERVER_FILES;
	return has_privs_of_role(GetUserId(), role);
}

/*
 * May the current role copy these columns?  Otherwise COPY is going to fail.
 */
static bool
may_copy(Oid relid, const Bitmapset *columns, AclMode right)
{
	int			x = -1;

	if (pg_class_aclcheck(relid, GetUserId(), right) == ACLCHECK_OK)
		return true;
	if (bms_is_empty(columns))
		return false;
	while ((x = bms_next_member(columns, x)) >= 0)
		if (pg_attribute_aclcheck(relid,
								  x + FirstLowInvalidHeapAttributeNumber,
								  GetUserId(), right) != ACLCHECK_OK)
			return false;
	return true;
}

static void
fire_copy(const HookCopy *copy, HookPhase phase)
{
	if (copy->reads && phase == HOOK_AFTER)
		hooks_access_fire(&copy->access, phase, HOOK_SELECT);
	hooks_access_fire(&copy->access, phase, copy->action);
	if (copy->reads && phase == HOOK_BEFORE)
		hooks_access_fire(&copy->access, phase, HOOK_SELECT);
}

/*
 * A COPY that names a relation is about to run: fires the hooks before, if the
 * relation may have some.  Returns what hooks_copies_end() takes, in the
 * current memory context; NULL if nobody is to be told.
 */
HookCopy *
hooks_copies_begin(const CopyStmt *command, const char *sql, bool client)
{
	bool		load = command->is_from;
	Oid			relid = RangeVarGetRelid(command->relation, load ?
										 RowExclusiveLock : AccessShareLock,
										 true);
	HookAccessRelation *relation;
	HookCopy   *copy;
	Bitmapset  *columns;

	if (!OidIsValid(relid) || !hooks_present_concerns(relid) ||
		(load && XactReadOnly))
		return NULL;
	columns = find_columns_of_copy(relid, command->attlist);
	if ((columns == NULL && command->attlist != NIL) ||
		!may_use_file(command) ||
		!may_copy(relid, columns, load ? ACL_INSERT : ACL_SELECT))
		return NULL;

	relation = palloc0(sizeof(HookAccessRelation));
	relation->relid = relid;
	relation->columns = columns;
	relation->rows = -1;
	copy = palloc0(sizeof(HookCopy));
	copy->action = load ? HOOK_LOAD : HOOK_DUMP;
	copy->reads = !load &&
		check_enable_rls(relid, InvalidOid, true) != RLS_ENABLED;
	copy->access.relations = list_make1(relation);
	copy->access.sql = sql;
	copy->access.root_action = hooks_word_of_action(copy->action);
	copy->access.caller = GetUserId();
	copy->access.sent_by = hooks_access_sent_by(client);
	copy->access.context = CurrentMemoryContext;
	fire_copy(copy, HOOK_BEFORE);
	return copy;
}

/*
 * The COPY has ended well.
 */
void
hooks_copies_end(HookCopy *copy, uint64 rows)
{
	copy->access.rows = rows;
	fire_copy(copy, HOOK_AFTER);
}
