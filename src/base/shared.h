/*
 * shared.h
 *		What the sessions of a server share.
 */
#ifndef HOOKS_SHARED_H
#define HOOKS_SHARED_H

#include "postgres.h"

extern void *hooks_shared_get(const char *name, Size size,
							  void (*init) (void *area));
extern bool hooks_shared_may_log_kill_switch(void);

#endif							/* HOOKS_SHARED_H */
