/*
 * watch.h
 *		The executor's hooks once more, for what all statements are
 *		watched for.
 */
#ifndef HOOKS_WATCH_H
#define HOOKS_WATCH_H

extern void hooks_watch_init(void);

#endif							/* HOOKS_WATCH_H */
