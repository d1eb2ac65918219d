/*
 * place.h
 *		Where in the database an error is.
 */
#ifndef HOOKS_PLACE_H
#define HOOKS_PLACE_H

#include "postgres.h"

extern int	hooks_place(Oid relation, Oid constraint);

#endif							/* HOOKS_PLACE_H */
