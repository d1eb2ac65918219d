/*
 * announce.h
 *		Hooks on restore: which rows come back.
 */
#ifndef HOOKS_ANNOUNCE_H
#define HOOKS_ANNOUNCE_H

#include "postgres.h"

#include "firing/access.h"

extern void hooks_announce_skip(List *removed);
extern HookAccess *hooks_announce_begin(List *removed);
extern void hooks_announce_end(const HookAccess *access);

#endif							/* HOOKS_ANNOUNCE_H */
