/*
 * failed.h
 *		Tells on_failure hooks of failed statements.
 */
#ifndef HOOKS_FAILED_H
#define HOOKS_FAILED_H

#include "postgres.h"

extern bool hooks_failed_serve(Oid owner);

#endif							/* HOOKS_FAILED_H */
