/*
 * command.h
 *		SQL commands that the extension runs by itself.
 */
#ifndef HOOKS_COMMAND_H
#define HOOKS_COMMAND_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern List *hooks_command_add(List *commands, Oid role, char *sql);
extern void hooks_command_run(List *commands);

#endif							/* HOOKS_COMMAND_H */
