/*
 * forget.h
 *		Forget what was counted of what is dropped.
 */
#ifndef HOOKS_FORGET_H
#define HOOKS_FORGET_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern List *hooks_forget_keys;

extern void hooks_forget_init(void);
extern void hooks_forget_listen(void);
extern void hooks_forget_end_transaction(bool commit);
extern void hooks_forget_end_subtransaction(int nest_level, bool commit);

#endif							/* HOOKS_FORGET_H */
