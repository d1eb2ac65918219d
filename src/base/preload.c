/*
 * preload.c
 *		Is the library there before a session's first statement?
 *
 * It is in all sessions of the database if shared_preload_libraries names it,
 * or session_preload_libraries for the server or the database.  If that is
 * set for some roles only, the sessions of others do without.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "base/preload.h"

/* by the server itself; set when the library is loaded */
static bool by_server = false;

/*
 * Notes who loads the library.  From _PG_init() only.
 */
void
hooks_preload_init(void)
{
	by_server = process_shared_preload_libraries_in_progress;
}

/*
 * Is the library among those of a list?  A name of it may have a folder in
 * front, and the suffix of libraries.
 */
static bool
is_listed(const char *list)
{
	List	   *names;
	ListCell   *lc;
	bool		found = false;

	if (list == NULL || list[0] == '\0' ||
		!SplitDirectoriesString(pstrdup(list), ',', &names))
		return false;
	foreach(lc, names)
	{
		const char *name = last_dir_separator(lfirst(lc));

		name = name == NULL ? lfirst(lc) : name + 1;
		found |= strcmp(name, "hooks") == 0 ||
			strcmp(name, "hooks" DLSUFFIX) == 0;
	}
	return found;
}

/*
 * Is the library preloaded in every session of this database that begins now?
 */
bool
hooks_preload_is_set(void)
{
	const struct config_generic *parameter;

	if (by_server)
		return true;
	if (!is_listed(session_preload_libraries_string))
		return false;
	parameter = hooks_guc_find("session_preload_libraries");
	return parameter != NULL && parameter->source <= PGC_S_DATABASE;
}
