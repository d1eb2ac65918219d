/*
 * compare.c
 *		How the columns of a foreign key are compared, and what that calls.
 *
 * The walk compares keys as ri_triggers.c does, by the operators and casts of
 * the foreign key: in its queries, and in memory for rows that got another key
 * (moved.c).  These functions run as the current user.  So a function that
 * another user has made is refused: it could abuse the current user's rights.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/rights.h"
#include "cascade/compare.h"

/*
 * May a function run as the current user?  One that belongs to PostgreSQL, a
 * superuser or the current user may.
 */
static bool
is_callable(Oid function)
{
	Oid			owner = hooks_rights_function_owner(function);

	return function < FirstNormalObjectId || superuser_arg(owner) ||
		owner == GetUserId();
}

static void
refuse_key(const HookForeignKey *key)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("cannot follow foreign key \"%s\" of table \"%s\"",
					key->name, get_rel_name(key->referencing)),
			 errdetail("To compare its columns, a function of another role would be called.")));
}

/*
 * Returns the function, which is going to run as the current user; 42501 if it
 * may not.
 */
static Oid
check_callable(const HookForeignKey *key, Oid function)
{
	if (!is_callable(function))
		refuse_key(key);
	return function;
}

/*
 * The same for the function of an explicit cast, which may have been created
 * after the foreign key.
 */
static bool
is_castable(Oid from, Oid to)
{
	Oid			cast;

	switch (find_coercion_pathway(to, from, COERCION_EXPLICIT, &cast))
	{
		case COERCION_PATH_FUNC:
			return is_callable(cast);
		case COERCION_PATH_ARRAYCOERCE:
			return is_castable(getBaseType(get_element_type(from)),
							   getBaseType(get_element_type(to)));
		default:
			return true;
	}
}

void
hooks_compare_check_cast(const HookForeignKey *key, Oid from, Oid to)
{
	if (!is_castable(from, to))
		refuse_key(key);
}

/*
 * The function of an operator; 42501 if it is not allowed.
 */
static Oid
operator_function(const HookForeignKey *key, Oid operator)
{
	return check_callable(key, get_opcode(operator));
}

/*
 * Are all functions of a comparison allowed: the operator's, and those of the
 * casts to its types?
 */
static bool
is_comparable(Oid operator, Oid left, Oid right)
{
	Oid			inputs[2];
	Oid			types[2];

	if (!is_callable(get_opcode(operator)))
		return false;
	op_input_types(operator, &inputs[0], &inputs[1]);
	types[0] = getBaseType(left);
	types[1] = getBaseType(right);
	for (int i = 0; i < 2; i++)
		if (types[i] != inputs[i] && !IsPolymorphicType(inputs[i]) &&
			!is_castable(types[i], inputs[i]))
			return false;
	return true;
}

/*
 * Checks that all functions of a comparison are allowed.
 */
void
hooks_compare_check(const HookForeignKey *key, Oid operator, Oid left,
					Oid right)
{
	if (!is_comparable(operator, left, right))
		refuse_key(key);
}

/*
 * The function that casts a type to what an operator compares, found as
 * ri_HashCompareOp() in ri_triggers.c does; InvalidOid if no cast is needed,
 * 42501 if it is not allowed.  The referencing column is on the right side.
 * 0A000 if there is no such function: ri_triggers.c does not know casts
 * through text, either.
 */
static Oid
cast_function(const HookForeignKey *key, Oid operator, Oid type)
{
	Oid			left;
	Oid			right;
	Oid			cast;

	op_input_types(operator, &left, &right);
	type = getBaseType(type);
	if (type == right || IsPolymorphicType(right))
		return InvalidOid;
	switch (find_coercion_pathway(right, type, COERCION_IMPLICIT, &cast))
	{
		case COERCION_PATH_FUNC:
			return check_callable(key, cast);
		case COERCION_PATH_RELABELTYPE:
			return InvalidOid;
		default:
			if (IsBinaryCoercible(type, right))
				return InvalidOid;
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot follow foreign key \"%s\" of table \"%s\"",
							key->name, get_rel_name(key->referencing)),
					 errdetail("Values of type %s are not compared as type %s without a function that casts them.",
							   format_type_be(type), format_type_be(right))));
			return InvalidOid;	/* keep compiler quiet */
	}
}

/*
 * Can all values of a type be hashed?  The operator of arrays and rows has a
 * hash function, but this fails if the element or column type has none.
 */
static bool
is_hashable(Oid type)
{
	return OidIsValid(lookup_type_cache(getBaseType(type),
										TYPECACHE_HASH_PROC)->hash_proc);
}

/*
 * Can a foreign key be followed without an error of this file?
 */
bool
hooks_compare_allows(const HookForeignKey *key)
{
	for (int i = 0; i < key->nkeys; i++)
	{
		Oid			type = get_atttype(key->referencing,
									   key->referencing_keys[i]);
		Oid			referenced_type = get_atttype(key->referenced,
												  key->referenced_keys[i]);
		Oid			base = getBaseType(type);
		Oid			left;
		Oid			right;
		RegProcedure left_hash;
		RegProcedure right_hash;
		Oid			cast;

		op_input_types(key->operators[i], &left, &right);
		if (!is_comparable(key->operators[i], referenced_type, type) ||
			!is_callable(get_opcode(key->referenced_operators[i])) ||
			!is_callable(get_opcode(key->own_operators[i])) ||
			!is_castable(getBaseType(referenced_type), base))
			return false;
		if (get_op_hash_functions(key->operators[i], &left_hash,
								  &right_hash) &&
			!(is_callable(left_hash) && is_callable(right_hash)))
			return false;
		/* what cast_function() refuses */
		if (find_coercion_pathway(right, base, COERCION_IMPLICIT, &cast) !=
			COERCION_PATH_FUNC &&
			!IsBinaryCoercible(base, right))
			return false;
	}
	return true;
}

/*
 * The collation by which a column of a key finds the rows that refer to a
 * referenced one, as in the queries of ri_triggers.c: that of the referencing
 * column, unless the referenced one tells less apart.
 */
Oid
hooks_compare_collation(const HookForeignKey *key, int i)
{
	Oid			type;
	int32		typmod;
	Oid			collation;
	Oid			referenced;

	get_atttypetypmodcoll(key->referenced, key->referenced_keys[i], &type,
						  &typmod, &referenced);
	get_atttypetypmodcoll(key->referencing, key->referencing_keys[i], &type,
						  &typmod, &collation);
	return OidIsValid(referenced) &&
		!get_collation_isdeterministic(referenced) ? referenced : collation;
}

/*
 * Can a row refer to several rows?  One whose collation takes keys for equal
 * that are different ones where they are referred to.
 */
bool
hooks_compare_is_loose(const HookForeignKey *key)
{
	for (int i = 0; i < key->nkeys; i++)
	{
		Oid			type;
		int32		typmod;
		Oid			referenced;
		Oid			collation = hooks_compare_collation(key, i);

		get_atttypetypmodcoll(key->referenced, key->referenced_keys[i], &type,
							  &typmod, &referenced);
		if (OidIsValid(collation) && collation != referenced &&
			!get_collation_isdeterministic(collation))
			return true;
	}
	return key->period;
}

/*
 * Looks up how the columns of a key are compared in memory.  The functions
 * must be allowed, as for queries.
 */
void
hooks_compare_prepare(HookMoved *moved)
{
	const HookForeignKey *key = moved->key;
	MemoryContext old;
	int			n = key->nkeys;

	if (moved->prepared)
		return;
	old = MemoryContextSwitchTo(moved->context);

	for (int end = 0; end < HOOK_ENDS; end++)
	{
		moved->equal[end] = palloc0(sizeof(FmgrInfo) * n);
		moved->hash[end] = palloc0(sizeof(FmgrInfo) * n);
		moved->collations[end] = palloc(sizeof(Oid) * n);
	}
	moved->same = palloc0(sizeof(FmgrInfo) * n);
	moved->cast = palloc0(sizeof(FmgrInfo) * n);
	moved->hashes = true;
	for (int i = 0; i < n; i++)
	{
		Oid			type;
		Oid			referenced_type;
		int32		typmod;
		Oid			cast;
		RegProcedure hash[HOOK_ENDS];

		get_atttypetypmodcoll(key->referenced, key->referenced_keys[i],
							  &referenced_type, &typmod,
							  &moved->collations[HOOK_END_REFERENCED][i]);
		moved->collations[HOOK_END_REFERENCING][i] =
			hooks_compare_collation(key, i);
		type = get_atttype(key->referencing, key->referencing_keys[i]);
		cast = cast_function(key, key->operators[i], type);
		if (OidIsValid(cast))
			fmgr_info(cast, &moved->cast[i]);
		fmgr_info(operator_function(key, key->operators[i]),
				  &moved->equal[HOOK_END_REFERENCING][i]);
		fmgr_info(operator_function(key, key->referenced_operators[i]),
				  &moved->equal[HOOK_END_REFERENCED][i]);
		fmgr_info(operator_function(key, key->own_operators[i]),
				  &moved->same[i]);
		if (!is_hashable(referenced_type) || !is_hashable(type) ||
			!get_op_hash_functions(key->operators[i],
								   &hash[HOOK_END_REFERENCED],
								   &hash[HOOK_END_REFERENCING]))
		{
			moved->hashes = false;
			continue;
		}
		for (int end = 0; end < HOOK_ENDS; end++)
			fmgr_info(check_callable(key, hash[end]), &moved->hash[end][i]);
	}
	moved->prepared = true;
	MemoryContextSwitchTo(old);
}
