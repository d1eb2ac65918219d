/*
 * memory.c
 *		Lets one call of malloc() fail, in a session that asks for it.
 *
 * Loaded with LD_PRELOAD, so that all of the server calls these functions instead
 * of the C library's, and as a library of SQL functions:
 *
 *		memory_fails_at(n integer) returns integer
 *
 * The n-th allocation from now on fails, none if that is 0.  Returns how many
 * are still to come until the one that was asked for before; 0 if it has
 * failed.
 */
#include "postgres.h"

#include <errno.h>

#include "fmgr.h"

PG_MODULE_MAGIC;

/* Modules hide their symbols since PostgreSQL 16 */
extern PGDLLEXPORT void *malloc(size_t size);
extern PGDLLEXPORT void *calloc(size_t n, size_t size);
extern PGDLLEXPORT void *realloc(void *old, size_t size);

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static int	remaining = 0;

static bool
fails(void)
{
	if (remaining == 0 || --remaining > 0)
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

PG_FUNCTION_INFO_V1(memory_fails_at);

Datum
memory_fails_at(PG_FUNCTION_ARGS)
{
	int			before = remaining;

	remaining = PG_GETARG_INT32(0);
	PG_RETURN_INT32(before);
}
