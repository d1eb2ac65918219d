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
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "base/preload.h"

/* by the server itself; set when the library is loaded */
static bool by_server = false;

/* before the first statement of this session; set likewise */
static bool early = false;

/*
 * Notes who loads the library.  From _PG_init() only.
 */
void
hooks_preload_init(void)
{
	by_server = process_shared_preload_libraries_in_progress;
	/* a client's session has no statement yet when it preloads libraries */
	early = by_server ||
		(MyBackendType == B_BACKEND && debug_query_string == NULL);
}

/*
 * Has the library seen this session from its beginning?
 */
bool
hooks_preload_was_early(void)
{
	return early;
}

/*
 * Is the library in shared_preload_libraries?
 */
bool
hooks_preload_is_shared(void)
{
	return by_server;
}

/*
 * 55000 if it is not, for what only works then.
 */
void
hooks_preload_require_shared(const char *what)
{
	if (!by_server)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s needs the library to be preloaded", what),
				 errhint("Add hooks to \"shared_preload_libraries\", and restart the server.")));
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
