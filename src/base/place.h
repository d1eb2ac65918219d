/*
 * place.h
 *		Where something is in the database: quoted names, and fields of errors.
 */
#ifndef HOOKS_PLACE_H
#define HOOKS_PLACE_H

#include "postgres.h"

extern char *hooks_place_name(const char *schema, const char *name);
extern char *hooks_place_quoted(Oid relation);
extern int	hooks_place(Oid relation, Oid constraint);

#endif							/* HOOKS_PLACE_H */
