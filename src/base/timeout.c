/*
 * timeout.c
 *		A hook's own time limit.
 *
 * One timer of PostgreSQL's serves all firings that are under way: it is set
 * to the earliest of their deadlines.  When it goes off it asks for a query
 * cancel; whoever catches that finds out here whether a limit of ours was the
 * cause.  Ending a limit takes back a request of ours that came too late to be
 * served, so that it does not hit the statement; a client's cancel that
 * arrives within those very microseconds goes with it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "base/timeout.h"

/* registered on first use in a backend; MAX_TIMEOUTS before that */
static TimeoutId timer = MAX_TIMEOUTS;

/* the innermost limit; policy.c ends each in a PG_TRY, so aborts leave none */
static HookTimeout *innermost = NULL;

/* set by the signal handler: the cancel that is pending, or was, is ours */
static volatile sig_atomic_t asked_for_cancel = false;

static void
timer_fired(void)
{
	if (QueryCancelPending)
		return;					/* somebody else was first */
	asked_for_cancel = true;
	InterruptPending = true;
	QueryCancelPending = true;
	SetLatch(MyLatch);
}

static void
set_timer(void)
{
	TimestampTz earliest;

	if (innermost == NULL)
		return;
	earliest = innermost->deadline;
	for (HookTimeout *t = innermost->outer; t != NULL; t = t->outer)
		earliest = Min(earliest, t->deadline);
	enable_timeout_at(timer, earliest);
}

/*
 * Starts a limit.  Whoever does must end it, also when an error passes.
 */
void
hooks_timeout_begin(HookTimeout *timeout, int ms)
{
	Assert(ms > 0);
	if (timer == MAX_TIMEOUTS)
		timer = RegisterTimeout(USER_TIMEOUT, timer_fired);
	timeout->ms = ms;
	timeout->deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);
	timeout->outer = innermost;
	innermost = timeout;
	set_timer();
}

/*
 * Was a query cancel that was caught caused by this limit?  A
 * statement_timeout that is over as well has precedence.  To be asked before
 * the end.
 */
bool
hooks_timeout_caused(const HookTimeout *timeout, int sqlerrcode)
{
	TimestampTz now = GetCurrentTimestamp();

	return asked_for_cancel && sqlerrcode == ERRCODE_QUERY_CANCELED &&
		now >= timeout->deadline &&
		!(get_timeout_active(STATEMENT_TIMEOUT) &&
		  now >= get_timeout_finish_time(STATEMENT_TIMEOUT)) &&
		!get_timeout_indicator(STATEMENT_TIMEOUT, false);
}

/*
 * Ends the innermost limit; true if it had run out.
 */
bool
hooks_timeout_end(HookTimeout *timeout)
{
	bool		over;

	Assert(innermost == timeout);
	disable_timeout(timer, false);
	innermost = timeout->outer;
	over = asked_for_cancel && GetCurrentTimestamp() >= timeout->deadline;

	/* If an outer limit has passed meanwhile, its alarm goes off at once */
	if (asked_for_cancel)
	{
		asked_for_cancel = false;
		if (!get_timeout_indicator(STATEMENT_TIMEOUT, false))
			QueryCancelPending = false;
	}
	set_timer();
	return over;
}
