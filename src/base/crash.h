/*
 * crash.h
 *		What workers were at when the server crashed.
 */
#ifndef HOOKS_CRASH_H
#define HOOKS_CRASH_H

#include "postgres.h"

#include "base/roster.h"

extern void hooks_crash_read(HookRoster *roster);
extern void hooks_crash_enter(int slot, Oid database);
extern void hooks_crash_serve(Oid extension);
extern void hooks_crash_at(int64 delivery);
extern void hooks_crash_at_commit(int64 hook_id, int deliveries);
extern void hooks_crash_forget(Oid database, Oid extension, int64 delivery);

#endif							/* HOOKS_CRASH_H */
