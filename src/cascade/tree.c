/*
 * tree.c
 *		hooks.cascade_tree(): the foreign keys that a DELETE follows, for
 *		people.
 *
 * Catalogs only: nobody's rows are looked at.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/ancestors.h"
#include "base/argument.h"
#include "base/glance.h"
#include "base/graph.h"
#include "cascade/switched.h"
#include "firing/forecast.h"

/* A box of a diagram */
typedef struct TreeBox
{
	Oid			relid;
	List	   *hooks;			/* names */
} TreeBox;

typedef struct Tree
{
	const HookGraph *graph;
	StringInfoData out;			/* lines, or arrows */
	bool		mermaid;
	List	   *boxes;			/* of TreeBox */
	List	   *expanded;		/* those whose foreign keys were shown */
} Tree;

static char *
table_name(Oid relid)
{
	return DatumGetCString(DirectFunctionCall1(regclassout,
											   ObjectIdGetDatum(relid)));
}

/*
 * The columns of a foreign key as "a, b".
 */
static char *
column_list(const HookForeignKey *key)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < key->nkeys; i++)
		appendStringInfo(&list, "%s%s", i == 0 ? "" : ", ",
						 quote_identifier(get_attname(key->referencing,
													  key->referencing_keys[i],
													  false)));
	return list.data;
}

/*
 * The names of the hooks that fire when rows of a table are deleted or, by a
 * foreign key that does not cascade, changed.
 */
static List *
hooks_on(const Tree *tree, Oid relid, const HookForeignKey *key)
{
	List	   *relids = NIL;
	Bitmapset  *columns = NULL;
	bool		referenced = false;
	ListCell   *lc;

	if (key != NULL && (key->on_delete == FKCONSTR_ACTION_NOACTION ||
						key->on_delete == FKCONSTR_ACTION_RESTRICT))
		return NIL;
	if (key == NULL || get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		relids = find_all_inheritors(relid, AccessShareLock, NULL);
	else
		relids = list_make1_oid(relid);
	foreach(lc, relids)
	{
		if (get_rel_relkind(lfirst_oid(lc)) != RELKIND_RELATION)
			relids = foreach_delete_current(relids, lc);
	}
	if (key == NULL || key->on_delete == FKCONSTR_ACTION_CASCADE)
		return hooks_forecast_hooks(HOOK_DELETE, relid, relids, NULL, false);
	for (int i = 0; i < (key->nset > 0 ? key->nset : key->nkeys); i++)
		columns = bms_add_member(columns, key->nset > 0 ? key->set[i] :
								 key->referencing_keys[i]);
	foreach(lc, hooks_graph_to_rows(tree->graph, relid))
	{
		const HookForeignKey *other = lfirst(lc);

		for (int i = 0; i < other->nkeys; i++)
		{
			char	   *name = get_attname(other->referenced,
										   other->referenced_keys[i], false);

			referenced |= bms_is_member(get_attnum(relid, name), columns);
		}
	}
	return hooks_forecast_hooks(HOOK_UPDATE, relid, relids, columns,
								referenced);
}

/*
 * Names as SEPARATOR a, b; nothing if there are none.
 */
static char *
hook_words(List *names, const char *separator)
{
	StringInfoData list;
	ListCell   *lc;

	initStringInfo(&list);
	foreach(lc, names)
	{
		appendStringInfo(&list, "%s%s", list.len == 0 ? separator : ", ",
						 (char *) lfirst(lc));
	}
	return list.data;
}

/*
 * Appends a string.  It stays on one line, even if a name has control
 * characters.
 */
static void
append_flat(StringInfo out, const char *data)
{
	for (; *data != '\0'; data++)
		appendStringInfoChar(out, (unsigned char) *data < ' ' ? ' ' : *data);
}

/*
 * Appends a string to a diagram, with what is special to Mermaid escaped.
 */
static void
append_escaped(StringInfo out, const char *data)
{
	for (; *data != '\0'; data++)
	{
		if (strchr("\"#<>&;`|[]{}()\\", *data) != NULL)
			appendStringInfo(out, "#%d;", (unsigned char) *data);
		else if ((unsigned char) *data < ' ')
			appendStringInfoChar(out, ' ');
		else
			appendStringInfoChar(out, *data);
	}
}

/*
 * The number of a table's box in a diagram.  The hooks are added to the box.
 */
static int
box(Tree *tree, Oid relid, List *hooks)
{
	TreeBox    *found = NULL;
	int			n = 0;
	ListCell   *lc;

	foreach(lc, tree->boxes)
	{
		found = lfirst(lc);
		if (found->relid == relid)
			break;
		n++;
	}
	if (n == list_length(tree->boxes))
	{
		found = palloc0(sizeof(TreeBox));
		found->relid = relid;
		tree->boxes = lappend(tree->boxes, found);
	}
	foreach(lc, hooks)
	{
		ListCell   *other;
		bool		is_new = true;

		foreach(other, found->hooks)
		{
			is_new &= strcmp(lfirst(other), lfirst(lc)) != 0;
		}
		if (is_new)
			found->hooks = lappend(found->hooks, lfirst(lc));
	}
	return n;
}

static void
draw_boxes(const Tree *tree, StringInfo out)
{
	int			n = 0;
	ListCell   *lc;

	foreach(lc, tree->boxes)
	{
		const TreeBox *found = lfirst(lc);

		appendStringInfo(out, "\n    t%d[\"", n++);
		append_escaped(out, table_name(found->relid));
		if (found->hooks != NIL)
		{
			appendStringInfoString(out, "<br/>");
			append_escaped(out, hook_words(found->hooks, "hooks: "));
		}
		appendStringInfoString(out, "\"]");
	}
}

static void
draw_arrow(Tree *tree, Oid relid, const HookForeignKey *key, const char *index,
		   const char *switched)
{
	int			from = box(tree, relid, NIL);
	int			to =
		box(tree, key->referencing, hooks_on(tree, key->referencing, key));
	const char *arrow = "--x";

	if (key->on_delete == FKCONSTR_ACTION_CASCADE)
		arrow = "-->";
	else if (key->on_delete == FKCONSTR_ACTION_SETNULL ||
			 key->on_delete == FKCONSTR_ACTION_SETDEFAULT)
		arrow = "-.->";
	appendStringInfo(&tree->out, "\n    t%d %s|\"%s%s<br/>", from, arrow,
					 hooks_graph_action_words(key->on_delete),
					 key->deferred ? " deferred" : "");
	append_escaped(&tree->out, key->name);
	appendStringInfoString(&tree->out, " #40;");
	append_escaped(&tree->out, column_list(key));
	appendStringInfoString(&tree->out, "#41;<br/>");
	append_escaped(&tree->out, index);
	appendStringInfo(&tree->out, "%s\"| t%d", switched, to);
}

static void
write_line(Tree *tree, int depth, const HookForeignKey *key, const char *index,
		   const char *switched, bool again)
{
	appendStringInfo(&tree->out, "\n%*s", depth * 2, "");
	append_flat(&tree->out,
				psprintf("%s: %s%s by %s (%s), %s%s%s%s",
						 table_name(key->referencing),
						 hooks_graph_action_words(key->on_delete),
						 key->deferred ? " deferred" : "",
						 quote_identifier(key->name), column_list(key), index,
						 switched,
						 hook_words(hooks_on(tree, key->referencing, key),
									"; hooks: "),
						 again ? "; see above" : ""));
}

/*
 * The foreign keys that refer to rows that are deleted with those of a table.
 * A DELETE that names it deletes rows of its children, too; what a foreign key
 * deletes is only of the table itself.
 */
static List *
keys_to(const Tree *tree, Oid relid, bool named)
{
	List	   *keys = hooks_graph_to_rows(tree->graph, relid);
	ListCell   *lc;

	if (named && get_rel_relkind(relid) == RELKIND_RELATION)
		foreach(lc, hooks_ancestors_below(relid, AccessShareLock))
	{
		keys = list_concat_unique_ptr(keys,
									  hooks_graph_to_rows(tree->graph,
														  lfirst_oid(lc)));
	}
	return keys;
}

/*
 * Shows the foreign keys that refer to a table, and what is below those that
 * cascade.
 */
static void
expand(Tree *tree, Oid relid, int depth)
{
	ListCell   *lc;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	tree->expanded = lappend_oid(tree->expanded, relid);
	foreach(lc, keys_to(tree, relid, depth == 1))
	{
		const HookForeignKey *key = lfirst(lc);
		bool		cascades = key->on_delete == FKCONSTR_ACTION_CASCADE;
		bool		again = cascades &&
			list_member_oid(tree->expanded, key->referencing);
		Oid			index;
		const char *index_words = "no index";
		const char *switched;
		HookGlance	glance;

		if (!key->enforced)
			continue;
		/* who waits for a table keeps nobody from those above */
		hooks_glance_begin(&glance);
		LockRelationOid(key->referenced, AccessShareLock);
		switched = hooks_switched_words(tree->graph, key);
		hooks_glance_end(&glance);
		hooks_glance_begin(&glance);
		if (!hooks_graph_lock(key))
		{
			hooks_glance_end(&glance);
			continue;
		}
		index = hooks_graph_index(key);
		if (OidIsValid(index))
			index_words =
				psprintf("index %s", quote_identifier(get_rel_name(index)));
		if (tree->mermaid)
			draw_arrow(tree, relid, key, index_words, switched);
		else
			write_line(tree, depth, key, index_words, switched, again);
		hooks_glance_end(&glance);
		if (cascades && !again)
			expand(tree, key->referencing, depth + 1);
	}
}

PG_FUNCTION_INFO_V1(hooks_cascade_tree);

/*
 * hooks.cascade_tree(relation regclass, format text) returns text
 *
 * The tables that a DELETE on a table leads to, as an indented tree ("text")
 * or a Mermaid flowchart ("mermaid").  Errors: 22023, 22004, those of
 * hooks_forecast_relation().
 */
Datum
hooks_cascade_tree(PG_FUNCTION_ARGS)
{
	Oid			relid;
	StringInfoData out;
	char	   *format;
	List	   *hooks;
	Tree		tree = {0};
	HookGlance	glance;

	hooks_glance_begin(&glance);
	relid = hooks_forecast_relation(fcinfo);
	hooks_argument_require(fcinfo, 1);
	format = text_to_cstring(PG_GETARG_TEXT_PP(1));
	tree.mermaid = strcmp(format, "mermaid") == 0;
	if (!tree.mermaid && strcmp(format, "text") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized format of a cascade tree: \"%s\"",
						format),
				 errhint("Valid values are \"text\", \"mermaid\".")));

	tree.graph = hooks_graph_pin(CurrentMemoryContext);
	initStringInfo(&tree.out);
	initStringInfo(&out);
	hooks = hooks_on(&tree, relid, NULL);
	if (tree.mermaid)
		(void) box(&tree, relid, hooks);
	expand(&tree, relid, 1);
	if (tree.mermaid)
	{
		appendStringInfoString(&out, "flowchart TD");
		draw_boxes(&tree, &out);
	}
	else
		append_flat(&out, psprintf("%s%s", table_name(relid),
								   hook_words(hooks, ": hooks: ")));
	appendBinaryStringInfo(&out, tree.out.data, tree.out.len);
	hooks_glance_end(&glance);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
