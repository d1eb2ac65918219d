/*
 * log_turn.c
 *		Which of the tables of the log is written.
 */
#include "postgres.h"

#include "firing/log.h"
#include "firing/log_turn.h"

/*
 * Opens the table of the log that is written now, and keeps it so until the
 * end of the transaction.
 */
Relation
hooks_log_turn_open(void)
{
	return hooks_own_open(&hooks_log_tables[0], RowExclusiveLock);
}
