/*
 * explain.h
 *		EXPLAIN (ANALYZE, HOOKS).
 */
#ifndef HOOKS_EXPLAIN_H
#define HOOKS_EXPLAIN_H

extern void hooks_explain_init(void);

#endif							/* HOOKS_EXPLAIN_H */
