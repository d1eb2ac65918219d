/*
 * transaction.h
 *		What the ends of transactions and subtransactions do to our state.
 */
#ifndef HOOKS_TRANSACTION_H
#define HOOKS_TRANSACTION_H

extern void hooks_transaction_init(void);

#endif							/* HOOKS_TRANSACTION_H */
