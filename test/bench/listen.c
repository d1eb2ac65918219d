/*
 * listen.c
 *		A client that listens, and calls a function for each notification: what
 *		the latency of after_commit hooks is compared with.
 *
 * listen CONNECTION: prints "ready" when it listens; goes when it is told to.
 */
#include <poll.h>
#include <stdio.h>

#include "libpq-fe.h"

int
main(int argc, char **argv)
{
	PGconn	   *connection = PQconnectdb(argc > 1 ? argv[1] : "");
	struct pollfd readable = {.fd = PQsocket(connection), .events = POLLIN};
	PGnotify   *notify;

	if (PQstatus(connection) != CONNECTION_OK)
	{
		fputs(PQerrorMessage(connection), stderr);
		return 1;
	}
	PQclear(PQexec(connection, "LISTEN bench"));
	puts("ready");
	fflush(stdout);
	while (poll(&readable, 1, -1) > 0 && PQconsumeInput(connection))
	{
		while ((notify = PQnotifies(connection)) != NULL)
		{
			const char *values[] = {notify->extra};

			PQclear(PQexecParams(connection,
								 "SELECT bench.note_latency('notify', $1)",
								 1, NULL, values, NULL, NULL, 0));
			PQfreemem(notify);
		}
	}
	return 0;
}
