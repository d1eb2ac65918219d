/*
 * service.h
 *		The transactions in which a worker serves its owner's hooks.
 */
#ifndef HOOKS_SERVICE_H
#define HOOKS_SERVICE_H

#include "postgres.h"

extern Oid	hooks_service_owner;

extern void hooks_service_init(Oid role, bool stand_in);
extern bool hooks_service_is_temporary(void);
extern void hooks_service_begin(void);
extern void hooks_service_end(void);
extern bool hooks_service_lock(int64 hook_id);
extern void hooks_service_unlock(int64 hook_id);
extern void hooks_service_abort(void);
extern void hooks_service_remove(int64 hook_id);
extern bool hooks_service_may_keep(int64 hook_id);
extern void hooks_service_wait(int64 hook_id);

#endif							/* HOOKS_SERVICE_H */
