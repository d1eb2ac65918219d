/*
 * body.h
 *		The body of a definition: what a hook is, as a query.
 */
#ifndef HOOKS_BODY_H
#define HOOKS_BODY_H

#include "postgres.h"

#include "nodes/parsenodes.h"

#include "registry/hook.h"

extern Query *hooks_body_make(const Hook *hook);
extern Hook *hooks_body_read(Oid function);

#endif							/* HOOKS_BODY_H */
