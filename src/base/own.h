/*
 * own.h
 *		The extension's own tables, sequences, indexes, functions and schemas.
 */
#ifndef HOOKS_OWN_H
#define HOOKS_OWN_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "storage/lockdefs.h"
#include "utils/relcache.h"

/* A column that the library reads or writes */
typedef struct HookOwnColumn
{
	Oid			type;
	bool		nullable;
} HookOwnColumn;

/* A table, with its columns as in the install script */
typedef struct HookOwnTable
{
	const char *name;
	int			natts;
	const HookOwnColumn *columns;
} HookOwnTable;

extern void hooks_own_init(void);
extern bool hooks_own_is_member(Oid classid, Oid objid);
extern Oid	hooks_own_find(const char *name, char relkind);
extern Oid	hooks_own_relation(const char *name, char relkind);
extern Oid	hooks_own_find_schema(const char *name);
extern Oid	hooks_own_schema(const char *name);
extern Oid	hooks_own_function(const char *name, int nargs);
extern bool hooks_own_has_shape(const HookOwnTable *table, TupleDesc desc);
extern Relation hooks_own_open_named(const char *name, char relkind,
									 LOCKMODE lockmode);
extern Relation hooks_own_open_if_free(const char *name, LOCKMODE lockmode);
extern Relation hooks_own_open(const HookOwnTable *table, LOCKMODE lockmode);
extern Oid	hooks_own_find_index(Relation table, const char *name,
								 AttrNumber column);
extern Relation hooks_own_open_index(Relation table, const char *name,
									 AttrNumber column);

#endif							/* HOOKS_OWN_H */
