/*
 * rights.c
 *		Who may be told of a table's rows.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#include "rights.h"

/*
 * 42501 unless the current user may see every row of a table: it has SELECT,
 * and no row-level security is in the way.
 */
void
hooks_rights_check_read(Oid relid)
{
	AclResult	result = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_TABLE, get_rel_name(relid));
	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot look at all rows of table \"%s\" behind its row-level security",
						get_rel_name(relid))));
}
