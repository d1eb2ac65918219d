/*
 * opt_in.c
 *		The parameter hooks.opt_in: hooks that fire in this session only.
 *
 * A list of names, as identifiers are written.  It is the caller's, who may
 * set it or not; so nothing that must not be left out can depend on it.
 */
#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "base/opt_in.h"

/* longer lists are refused, as each statement may read them */
#define MAX_BYTES 8192

/* the parameter */
static char *opt_in = NULL;

static bool
check_opt_in(char **newval, void **extra, GucSource source)
{
	char	   *copy;
	List	   *names;
	bool		valid;

	if (*newval == NULL)
		return true;
	if (strlen(*newval) > MAX_BYTES)
	{
		GUC_check_errdetail("The value must not be longer than %d bytes.",
							MAX_BYTES);
		return false;
	}
	copy = pstrdup(*newval);
	valid = SplitIdentifierString(copy, ',', &names);
	if (!valid)
		GUC_check_errdetail("List syntax is invalid.");
	list_free(names);
	pfree(copy);
	return valid;
}

void
hooks_opt_in_init(void)
{
	DefineCustomStringVariable("hooks.opt_in",
							   "Names of hooks with activation \"opt_in\" that fire in this session.",
							   NULL,
							   &opt_in, "",
							   PGC_USERSET, GUC_LIST_INPUT, check_opt_in, NULL,
							   NULL);
}

/*
 * Does the parameter name a hook?
 */
bool
hooks_opt_in_names(const char *hook)
{
	char	   *copy;
	List	   *names;
	ListCell   *lc;
	bool		found = false;

	if (opt_in == NULL || opt_in[0] == '\0')
		return false;
	copy = pstrdup(opt_in);
	if (SplitIdentifierString(copy, ',', &names))
		foreach(lc, names)
	{
		found |= strcmp(lfirst(lc), hook) == 0;
	}
	list_free(names);
	pfree(copy);
	return found;
}
