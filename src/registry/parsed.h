/*
 * parsed.h
 *		Bodies of definitions as trees, kept.
 */
#ifndef HOOKS_PARSED_H
#define HOOKS_PARSED_H

#include "postgres.h"

#include "access/htup.h"
#include "nodes/nodes.h"

extern bool hooks_parsed_kept;

extern Node *hooks_parsed_body(HeapTuple tuple);

#endif							/* HOOKS_PARSED_H */
