/*
 * findings.h
 *		What hooks.check() finds by itself.
 */
#ifndef HOOKS_FINDINGS_H
#define HOOKS_FINDINGS_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "nodes/pg_list.h"
#include "utils/tuplestore.h"

/* Where findings go; the strings of the last arguments may be NULL */
typedef struct HookFindings
{
	Tuplestorestate *rows;
	TupleDesc	desc;
	const char *check;			/* whose findings they are */
} HookFindings;

/* What one of our checks gets */
typedef struct HookCheckSearch
{
	HookFindings *findings;
	List	   *hooks;			/* to look at */
	List	   *checks;			/* of HookCheck: to look at, too */
	bool		all;			/* these are all hooks */
} HookCheckSearch;

#define HOOK_FINDING_ERROR		"error"
#define HOOK_FINDING_WARNING	"warning"
#define HOOK_FINDING_NOTICE		"notice"

extern void hooks_findings_add(HookFindings *findings, const char *severity,
							   const char *code, const char *object,
							   const char *message, const char *hint);
extern void hooks_findings_make(HookFindings *findings, const char *package);

#endif							/* HOOKS_FINDINGS_H */
