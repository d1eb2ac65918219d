/*
 * buckets.h
 *		Token buckets in shared memory.
 */
#ifndef HOOKS_BUCKETS_H
#define HOOKS_BUCKETS_H

#include "postgres.h"

extern void hooks_buckets_init(void);
extern bool hooks_buckets_exist(void);
extern double hooks_buckets_take(Oid definition, Oid owner, uint64 subject,
								 double capacity, double rate);

#endif							/* HOOKS_BUCKETS_H */
