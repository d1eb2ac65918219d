/*
 * shape.h
 *		Columns, and what their types are made of.
 */
#ifndef HOOKS_SHAPE_H
#define HOOKS_SHAPE_H

#include "postgres.h"

#include "access/attnum.h"

/* A column, or something inside of its type */
typedef struct HookShapePart
{
	char	   *name;			/* of a column, an attribute, a label; or "" */
	AttrNumber	number;			/* of a column; less than 0 of an attribute */
	Oid			type;			/* InvalidOid: a label of an enum */
	int32		typmod;
} HookShapePart;

/* Columns, each followed by what is inside of its type */
typedef struct HookShape
{
	int			n;
	int			size;
	HookShapePart *parts;
} HookShape;

extern void hooks_shape_add(HookShape *shape, const char *name,
							AttrNumber number, Oid type, int32 typmod);
extern int	hooks_shape_next(const HookShape *shape, int column);
extern bool hooks_shape_equal(const HookShape *a, const HookShape *b);
extern bool hooks_shape_is_inside(const HookShape *kept, int column,
								  const HookShape *now, bool original);
extern char *hooks_shape_type(const HookShapePart *part);
extern char *hooks_shape_inside(const HookShape *shape, int column);

#endif							/* HOOKS_SHAPE_H */
