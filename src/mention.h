/*
 * mention.h
 *		Which hooks mention the name that a command is about.
 */
#ifndef HOOKS_MENTION_H
#define HOOKS_MENTION_H

#include "nodes/nodes.h"

#include "hook.h"

extern const char *hooks_mention_changed_name(Node *command);
extern const char *hooks_mention_dropped_name(Node *command);
extern bool hooks_mention_in(const char *text, const char *name);
extern bool hooks_mention_in_hook(const Hook *hook, const char *name);

#endif							/* HOOKS_MENTION_H */
