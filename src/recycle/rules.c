/*
 * rules.c
 *		Rules that keep rows from being put back.
 *
 * Rows are put back by INSERT, and changed rows by UPDATE.  A rule on these
 * commands would do something else.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteDefine.h"

#include "recycle/rules.h"

/*
 * Refuses (0A000) a table with an enabled rule for the operation: its rows
 * could not be put back, so they are not kept, either.
 */
void
hooks_rules_check(Relation rel, CmdType operation, bool kept)
{
	const RuleLock *rules = rel->rd_rules;

	for (int i = 0; rules != NULL && i < rules->numLocks; i++)
	{
		const RewriteRule *rule = rules->rules[i];

		if (rule->event != operation ||
			rule->enabled == RULE_DISABLED ||
			(rule->enabled == RULE_FIRES_ON_REPLICA) !=
			(SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA &&
			 rule->enabled != RULE_FIRES_ALWAYS))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 kept ? errmsg("cannot put rows back into table \"%s\", which has rules",
							   RelationGetRelationName(rel)) :
				 errmsg("cannot keep rows of table \"%s\", which has rules",
						RelationGetRelationName(rel)),
				 errdetail("A rule ON %s would make something else of it.",
						   operation == CMD_INSERT ? "INSERT" : "UPDATE"),
				 errhint("Use a trigger instead of the rule, or disable it.")));
	}
}
