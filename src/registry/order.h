/*
 * order.h
 *		run_after: that the hooks are there which it names, and that it has no
 *		cycle.
 */
#ifndef HOOKS_ORDER_H
#define HOOKS_ORDER_H

#include "postgres.h"

#include "registry/hook.h"

extern void hooks_order_check(const Hook *hook);

#endif							/* HOOKS_ORDER_H */
