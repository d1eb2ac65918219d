/*
 * words.h
 *		Every word of the registry, and every event: one a line.
 *
 * The enums of word.h and the tables of word.c and event.c are made from this
 * list, so nothing is written twice or counted by hand.  Whoever includes this
 * file defines the macros of the lists that it wants; the other lists then
 * expand to nothing.  There is no include guard: the file is there to be
 * included several times, as PostgreSQL's rmgrlist.h is.
 *
 * "now" is a word that users may say; "later" is one whose meaning is fixed
 * but that this version refuses.
 */

/*
 * symbol, word, since when, how its callback is called, and whether
 * hooks.cancel() stops the statement under every policy
 */
#ifdef HOOK_PHASE_WORD
HOOK_PHASE_WORD(HOOK_BEFORE, "before", now, as_trigger, can_veto)
HOOK_PHASE_WORD(HOOK_BEFORE_CASCADE, "before_cascade", now, as_trigger,
	can_veto)
HOOK_PHASE_WORD(HOOK_BEFORE_CLOSURE, "before_closure", now, as_trigger,
	can_veto)
HOOK_PHASE_WORD(HOOK_AFTER, "after", now, as_trigger, too_late)
HOOK_PHASE_WORD(HOOK_BEFORE_COMMIT, "before_commit", now, with_jsonb,
	can_veto)
HOOK_PHASE_WORD(HOOK_AFTER_COMMIT, "after_commit", now, with_jsonb, too_late)
HOOK_PHASE_WORD(HOOK_ON_FAILURE, "on_failure", now, with_jsonb, too_late)
HOOK_PHASE_WORD(HOOK_STARTUP, "startup", now, with_jsonb, too_late)
#undef HOOK_PHASE_WORD
#endif

/*
 * symbol, word, since when, how its callback is called; each becomes a bit, as
 * one hook may have several actions
 */
#ifdef HOOK_ACTION_WORD
HOOK_ACTION_WORD(HOOK_INSERT, "insert", now, as_trigger)
HOOK_ACTION_WORD(HOOK_UPDATE, "update", now, as_trigger)
HOOK_ACTION_WORD(HOOK_DELETE, "delete", now, as_trigger)
HOOK_ACTION_WORD(HOOK_TRUNCATE, "truncate", now, as_trigger)
HOOK_ACTION_WORD(HOOK_SELECT, "select", now, with_jsonb)
HOOK_ACTION_WORD(HOOK_PUT, "put", now, as_trigger)
HOOK_ACTION_WORD(HOOK_NAME, "name", now, as_trigger)
HOOK_ACTION_WORD(HOOK_LOAD, "load", now, with_jsonb)
HOOK_ACTION_WORD(HOOK_DUMP, "dump", now, with_jsonb)
HOOK_ACTION_WORD(HOOK_RESTORE, "restore", now, with_jsonb)
HOOK_ACTION_WORD(HOOK_DROP, "drop", now, with_jsonb)
HOOK_ACTION_WORD(HOOK_SESSION, "session", now, with_jsonb)
HOOK_ACTION_WORD(HOOK_SERVER, "server", now, with_jsonb)
#undef HOOK_ACTION_WORD
#endif

/*
 * symbol, word, since when, the actions that the group stands for.  All has no
 * "put", which is an insert or an update.
 */
#ifdef HOOK_GROUP_WORD
HOOK_GROUP_WORD(HOOK_WRITE, "write", now,
				HOOK_INSERT | HOOK_UPDATE | HOOK_DELETE | HOOK_TRUNCATE)
HOOK_GROUP_WORD(HOOK_READ, "read", now, HOOK_SELECT | HOOK_DUMP)
HOOK_GROUP_WORD(HOOK_LIFECYCLE, "lifecycle", now,
				HOOK_INSERT | HOOK_NAME | HOOK_DELETE | HOOK_TRUNCATE |
				HOOK_RESTORE | HOOK_DROP)
HOOK_GROUP_WORD(HOOK_ALL, "all", now,
				HOOK_WRITE | HOOK_READ | HOOK_LIFECYCLE | HOOK_LOAD)
HOOK_GROUP_WORD(HOOK_FULL, "full", now, HOOK_ALL)
#undef HOOK_GROUP_WORD
#endif

/* symbol, word, since when */
#ifdef HOOK_LEVEL_WORD
HOOK_LEVEL_WORD(HOOK_ROW, "row", now)
HOOK_LEVEL_WORD(HOOK_STATEMENT, "statement", now)
#undef HOOK_LEVEL_WORD
#endif

#ifdef HOOK_POLICY_WORD
HOOK_POLICY_WORD(HOOK_ABORT, "abort", now)
HOOK_POLICY_WORD(HOOK_ISOLATE, "isolate", now)
HOOK_POLICY_WORD(HOOK_QUARANTINE, "quarantine", now)
HOOK_POLICY_WORD(HOOK_RETRY, "retry", now)
#undef HOOK_POLICY_WORD
#endif

#ifdef HOOK_RUN_AS_WORD
HOOK_RUN_AS_WORD(HOOK_AS_OWNER, "owner", now)
HOOK_RUN_AS_WORD(HOOK_AS_INVOKER, "invoker", now)
#undef HOOK_RUN_AS_WORD
#endif

#ifdef HOOK_FIRE_WORD
HOOK_FIRE_WORD(HOOK_ORIGIN, "origin", now)
HOOK_FIRE_WORD(HOOK_REPLICA, "replica", now)
HOOK_FIRE_WORD(HOOK_ALWAYS, "always", now)
#undef HOOK_FIRE_WORD
#endif

#ifdef HOOK_ACTIVATION_WORD
HOOK_ACTIVATION_WORD(HOOK_ACTIVE_ALWAYS, "always", now)
HOOK_ACTIVATION_WORD(HOOK_ACTIVE_OPT_IN, "opt_in", now)
#undef HOOK_ACTIVATION_WORD
#endif

/*
 * phase, level of the hooks, action, name of the trigger that stands for the
 * event.  These have no trigger: a read (reads.c), what COPY does
 * (copies.c), a restore (announce.c), a drop (drop.c), a failure (failing.c),
 * a startup (starting.c).
 * Nor has "put", whose hooks come with those of insert and update.
 * A closure begins with what the before_cascade trigger has captured
 * (fire_closure.c).
 *
 * Names decide the order among the triggers of one table: "Hooks_..." sorts
 * before "RI_ConstraintTrigger_...", so a before_cascade trigger fires before
 * the first referential action.  "hooks_..." sorts after it, so an after hook
 * sees the state after the row's own cascade.  An after_commit trigger comes
 * first of all, so that the log has a statement before what its cascade and
 * other triggers do.
 */
#ifdef HOOK_EVENT
HOOK_EVENT(HOOK_BEFORE, HOOK_ROW, HOOK_INSERT, "Hooks_before_row_insert")
HOOK_EVENT(HOOK_BEFORE, HOOK_ROW, HOOK_UPDATE, "Hooks_before_row_update")
HOOK_EVENT(HOOK_BEFORE, HOOK_ROW, HOOK_DELETE, "Hooks_before_row_delete")
HOOK_EVENT(HOOK_BEFORE, HOOK_STATEMENT, HOOK_INSERT,
	"Hooks_before_statement_insert")
HOOK_EVENT(HOOK_BEFORE, HOOK_STATEMENT, HOOK_UPDATE,
	"Hooks_before_statement_update")
HOOK_EVENT(HOOK_BEFORE, HOOK_STATEMENT, HOOK_DELETE,
	"Hooks_before_statement_delete")
HOOK_EVENT(HOOK_BEFORE, HOOK_STATEMENT, HOOK_TRUNCATE,
	"Hooks_before_statement_truncate")
HOOK_EVENT(HOOK_BEFORE_CASCADE, HOOK_STATEMENT, HOOK_UPDATE,
	"Hooks_before_cascade_update")
HOOK_EVENT(HOOK_BEFORE_CASCADE, HOOK_STATEMENT, HOOK_DELETE,
	"Hooks_before_cascade_delete")
HOOK_EVENT(HOOK_BEFORE_CASCADE, HOOK_STATEMENT, HOOK_TRUNCATE,
	"Hooks_before_cascade_truncate")
HOOK_EVENT(HOOK_BEFORE_CLOSURE, HOOK_STATEMENT, HOOK_DELETE, NULL)
HOOK_EVENT(HOOK_AFTER, HOOK_ROW, HOOK_INSERT, "hooks_after_row_insert")
HOOK_EVENT(HOOK_AFTER, HOOK_ROW, HOOK_UPDATE, "hooks_after_row_update")
HOOK_EVENT(HOOK_AFTER, HOOK_ROW, HOOK_DELETE, "hooks_after_row_delete")
HOOK_EVENT(HOOK_AFTER, HOOK_STATEMENT, HOOK_INSERT,
	"hooks_after_statement_insert")
HOOK_EVENT(HOOK_AFTER, HOOK_STATEMENT, HOOK_UPDATE,
	"hooks_after_statement_update")
HOOK_EVENT(HOOK_AFTER, HOOK_STATEMENT, HOOK_DELETE,
	"hooks_after_statement_delete")
HOOK_EVENT(HOOK_AFTER, HOOK_STATEMENT, HOOK_TRUNCATE,
	"hooks_after_statement_truncate")
HOOK_EVENT(HOOK_BEFORE_COMMIT, HOOK_NO_LEVEL, HOOK_INSERT,
		   "hooks_before_commit_insert")
HOOK_EVENT(HOOK_BEFORE_COMMIT, HOOK_NO_LEVEL, HOOK_UPDATE,
		   "hooks_before_commit_update")
HOOK_EVENT(HOOK_BEFORE_COMMIT, HOOK_NO_LEVEL, HOOK_DELETE,
		   "hooks_before_commit_delete")
HOOK_EVENT(HOOK_BEFORE_COMMIT, HOOK_NO_LEVEL, HOOK_TRUNCATE,
		   "hooks_before_commit_truncate")
HOOK_EVENT(HOOK_AFTER_COMMIT, HOOK_NO_LEVEL, HOOK_INSERT,
	"Hooks_after_commit_insert")
HOOK_EVENT(HOOK_AFTER_COMMIT, HOOK_NO_LEVEL, HOOK_UPDATE,
	"Hooks_after_commit_update")
HOOK_EVENT(HOOK_AFTER_COMMIT, HOOK_NO_LEVEL, HOOK_DELETE,
	"Hooks_after_commit_delete")
HOOK_EVENT(HOOK_AFTER_COMMIT, HOOK_NO_LEVEL, HOOK_TRUNCATE,
	"Hooks_after_commit_truncate")
HOOK_EVENT(HOOK_ON_FAILURE, HOOK_NO_LEVEL, HOOK_INSERT, NULL)
HOOK_EVENT(HOOK_ON_FAILURE, HOOK_NO_LEVEL, HOOK_UPDATE, NULL)
HOOK_EVENT(HOOK_ON_FAILURE, HOOK_NO_LEVEL, HOOK_DELETE, NULL)
HOOK_EVENT(HOOK_ON_FAILURE, HOOK_NO_LEVEL, HOOK_TRUNCATE, NULL)
HOOK_EVENT(HOOK_BEFORE, HOOK_STATEMENT, HOOK_SELECT, NULL)
HOOK_EVENT(HOOK_AFTER, HOOK_STATEMENT, HOOK_SELECT, NULL)
HOOK_EVENT(HOOK_BEFORE, HOOK_STATEMENT, HOOK_LOAD, NULL)
HOOK_EVENT(HOOK_AFTER, HOOK_STATEMENT, HOOK_LOAD, NULL)
HOOK_EVENT(HOOK_BEFORE, HOOK_STATEMENT, HOOK_DUMP, NULL)
HOOK_EVENT(HOOK_AFTER, HOOK_STATEMENT, HOOK_DUMP, NULL)
HOOK_EVENT(HOOK_BEFORE, HOOK_STATEMENT, HOOK_RESTORE, NULL)
HOOK_EVENT(HOOK_AFTER, HOOK_STATEMENT, HOOK_RESTORE, NULL)
HOOK_EVENT(HOOK_BEFORE, HOOK_STATEMENT, HOOK_DROP, NULL)
HOOK_EVENT(HOOK_BEFORE_CASCADE, HOOK_STATEMENT, HOOK_DROP, NULL)
HOOK_EVENT(HOOK_STARTUP, HOOK_NO_LEVEL, HOOK_SESSION, NULL)
HOOK_EVENT(HOOK_STARTUP, HOOK_NO_LEVEL, HOOK_SERVER, NULL)
#undef HOOK_EVENT
#endif
