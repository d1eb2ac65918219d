/*
 * attach.h
 *		Which triggers a table needs, and that it has them.
 */
#ifndef HOOKS_ATTACH_H
#define HOOKS_ATTACH_H

#include "postgres.h"

extern void hooks_attach_sync(Oid relid);

#endif							/* HOOKS_ATTACH_H */
