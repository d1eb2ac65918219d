/*
 * rehearse.h
 *		hooks.rehearse().
 */
#ifndef HOOKS_REHEARSE_H
#define HOOKS_REHEARSE_H

#include "postgres.h"

extern void hooks_rehearse_end_subtransaction(int nest_level, bool commit);

#endif							/* HOOKS_REHEARSE_H */
