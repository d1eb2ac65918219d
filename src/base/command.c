/*
 * command.c
 *		SQL commands that the extension runs by itself.
 *
 * They run as the owner of what they change, whoever the caller is, in a
 * security-restricted operation and under a safe search_path, as event triggers
 * may fire.  All names in them are quoted, all references qualified.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "base/command.h"

/* A command and who runs it */
typedef struct Command
{
	char	   *text;
	Oid			role;
} Command;

/*
 * Adds a command to a list.
 */
List *
hooks_command_add(List *commands, Oid role, char *text)
{
	Command    *command = palloc(sizeof(Command));

	command->text = text;
	command->role = role;
	return lappend(commands, command);
}

/*
 * Runs them in order.
 */
void
hooks_command_run(List *commands)
{
	int			guc_level;
	Oid			userid;
	int			sec_context;
	ListCell   *lc;

	if (commands == NIL)
		return;
	guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	GetUserIdAndSecContext(&userid, &sec_context);
	SPI_connect();
	foreach(lc, commands)
	{
		Command    *command = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		SetUserIdAndSecContext(command->role,
							   sec_context | SECURITY_LOCAL_USERID_CHANGE |
							   SECURITY_RESTRICTED_OPERATION);
		if (SPI_execute(command->text, false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not execute \"%s\"", command->text);
	}
	SPI_finish();
	SetUserIdAndSecContext(userid, sec_context);
	AtEOXact_GUC(false, guc_level);
}
