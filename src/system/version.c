/*
 * version.c
 *		Whether library and extension are of one version, for hooks.check().
 *
 * They differ after an installation that ALTER EXTENSION hooks UPDATE has not
 * followed in this database; and where the library is preloaded, until the
 * server starts again, as it keeps the one that it had.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "system/version.h"

/* default_version of hooks.control */
#define LIBRARY_VERSION "1.1"

/*
 * The version of the extension in this database; NULL if there is none.
 */
static char *
find_installed(void)
{
	Relation	pg_extension = table_open(ExtensionRelationId,
										  AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *version = NULL;

	ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(get_extension_oid("hooks", true)));
	scan = systable_beginscan(pg_extension, ExtensionOidIndexId, true, NULL,
							  1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, Anum_pg_extension_extversion,
										 RelationGetDescr(pg_extension),
										 &isnull);

		version = isnull ? NULL : TextDatumGetCString(value);
	}
	systable_endscan(scan);
	table_close(pg_extension, AccessShareLock);
	return version;
}

/*
 * Adds a finding if the versions differ, where all hooks are looked at.
 */
void
hooks_version_find(HookCheckSearch *search)
{
	const char *installed = search->all ? find_installed() : NULL;

	if (installed != NULL && strcmp(installed, LIBRARY_VERSION) != 0)
		hooks_findings_add(search->findings, HOOK_FINDING_ERROR,
						   "version_differs", NULL,
						   psprintf("the library is of version %s, the extension in this database of %s",
									LIBRARY_VERSION, installed),
						   "Use ALTER EXTENSION hooks UPDATE; if that does not help, restart the server, which has loaded an older library.");
}
