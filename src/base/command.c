/*
 * command.c
 *		SQL commands that the extension runs by itself.
 *
 * They run as the owner of what they change, whoever the caller is, in a
 * security-restricted operation and under a safe search_path, as event
 * triggers may fire.  All names in them are quoted, all references qualified.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"

#include "base/command.h"
#include "base/identity.h"

/* A command and who runs it */
typedef struct Command
{
	char	   *sql;
	Oid			role;
} Command;

/*
 * Adds a command to a list.
 */
List *
hooks_command_add(List *commands, Oid role, char *sql)
{
	Command    *command = palloc(sizeof(Command));

	Assert(OidIsValid(role) && sql != NULL);
	command->sql = sql;
	command->role = role;
	return lappend(commands, command);
}

/*
 * Runs them in order.
 */
void
hooks_command_run(List *commands)
{
	HookIdentity before;
	ListCell   *lc;

	if (commands == NIL)
		return;
	SPI_connect();
	foreach(lc, commands)
	{
		Command    *command = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		hooks_identity_enter(&before, command->role, HOOKS_RESTRICTED,
							 HOOKS_SAFE_PATH);
		if (SPI_execute(command->sql, false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not execute \"%s\"", command->sql);
		hooks_identity_end(&before);
	}
	SPI_finish();
}
