/*
 * sort.h
 *		The order in which the hooks of one event fire.
 */
#ifndef HOOKS_SORT_H
#define HOOKS_SORT_H

#include "postgres.h"

#include "firing/member.h"
#include "registry/event.h"

extern void hooks_sort_members(HookMember **members, int n, HookPhase phase);

#endif							/* HOOKS_SORT_H */
