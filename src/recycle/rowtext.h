/*
 * rowtext.h
 *		The text of kept rows.
 */
#ifndef HOOKS_ROWTEXT_H
#define HOOKS_ROWTEXT_H

#include "postgres.h"

#include "lib/stringinfo.h"

extern Oid	hooks_rowtext_output(Oid type);
extern Oid	hooks_rowtext_input(Oid type, Oid *ioparam);
extern bool hooks_rowtext_has_names(Oid type);
extern int	hooks_rowtext_begin_settings(void);
extern void hooks_rowtext_set_path(void);
extern void hooks_rowtext_end_settings(int level);
extern void hooks_rowtext_put(StringInfo data, int field, const char *value);
extern char *hooks_rowtext_next(char *data, char **fields, int nfields);

#endif							/* HOOKS_ROWTEXT_H */
