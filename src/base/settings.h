/*
 * settings.h
 *		The configuration parameters of the extension.
 */
#ifndef HOOKS_SETTINGS_H
#define HOOKS_SETTINGS_H

#include "postgres.h"

#include "utils/jsonb.h"

/* the SQLSTATEs of our own; doc/functions.md has what they mean */
#define ERRCODE_HOOK_ERROR		MAKE_SQLSTATE('K','H','0','0','0')
#define ERRCODE_HOOK_CANCELED	MAKE_SQLSTATE('K','H','0','0','1')
#define ERRCODE_HOOK_TIMEOUT	MAKE_SQLSTATE('K','H','0','0','2')
#define ERRCODE_HOOK_RECURSION	MAKE_SQLSTATE('K','H','0','0','3')
#define ERRCODE_HOOK_ORPHAN		MAKE_SQLSTATE('K','H','0','0','4')

extern bool hooks_enabled;
extern int	hooks_max_depth;
extern int	hooks_quarantine_after;
extern int	hooks_failures_kept;
extern int	hooks_delivery_rows;
extern bool hooks_track_timing;
extern int	hooks_startup_timeout;
extern bool hooks_trace;
extern int	hooks_log_min_duration;
extern bool hooks_observed;
extern char *hooks_metadata;
extern bool hooks_workers;
extern int	hooks_max_workers;
extern int	hooks_worker_idle;
extern int	hooks_retry_delay;
extern int	hooks_max_attempts;

/* the hooks paused in this transaction, NULL for none; [0] is their number */
extern const int64 *hooks_paused;

extern void hooks_settings_init(void);
extern void hooks_settings_set_observers(int number);
extern void hooks_settings_log_kill_switch(void);
extern bool hooks_settings_is_in_list(int64 hook_id);
extern void hooks_settings_pause(int64 hook_id, bool pause);
extern Jsonb *hooks_settings_metadata(void);
extern void hooks_settings_set_restoring(const char *numbers);

/*
 * Is the kill switch thrown?  Logs it, once per session at most.
 */
static inline bool
hooks_settings_kill_switch(void)
{
	if (unlikely(!hooks_enabled))
		hooks_settings_log_kill_switch();
	return unlikely(!hooks_enabled);
}

static inline bool
hooks_settings_is_paused(int64 hook_id)
{
	return unlikely(hooks_paused != NULL) &&
		hooks_settings_is_in_list(hook_id);
}
extern int	hooks_settings_quote_plainly(void);

#endif							/* HOOKS_SETTINGS_H */
