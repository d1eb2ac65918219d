/*
 * path.h
 *		The search_path that a callback runs under.
 */
#ifndef HOOKS_PATH_H
#define HOOKS_PATH_H

#include "postgres.h"

extern char *hooks_path_current(void);
extern char *hooks_path_temporary_last(const char *search_path);
extern char *hooks_path_quoted(const char *search_path);
extern void hooks_path_tell(const char *kind, const char *name, Oid owner,
							Oid callback, const char *search_path);
extern void hooks_path_tell_kept(const char *kind, const char *name,
								 const char *search_path);

#endif							/* HOOKS_PATH_H */
