/*
 * own_signal.c
 *		Signals that a callback sends to its own session.
 *
 * pg_terminate_backend(pg_backend_pid()) in a hook that fires when sessions
 * start would let nobody in.  While such a hook runs, the handlers of SIGTERM
 * and SIGINT are ours.  They look who has sent the signal.  What comes from
 * anybody else, such as the postmaster that carries out a client's cancel or
 * shuts the server down, goes on to PostgreSQL's handler at once.  What comes
 * from this very process only cancels the callback.
 *
 * PostgreSQL's timers send SIGINT to their own process, too, for
 * statement_timeout and lock_timeout.  The former is not running while a hook
 * is guarded (starting.c), and the latter has an error code of its own.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "storage/latch.h"

#include "base/own_signal.h"

#ifndef WIN32

static const int guarded_signals[] = {SIGTERM, SIGINT};

/* PostgreSQL's handlers, while ours are there */
static struct sigaction before_guard[lengthof(guarded_signals)];

/* valid while the guard is there */
static bool guarding = false;

/* set by the signal handler: the cancel that is pending, or was, is ours */
static volatile sig_atomic_t own_signal_came = false;

static void
pass_signal(const struct sigaction *action, int signo, siginfo_t *info,
			void *context)
{
	if (action->sa_flags & SA_SIGINFO)
		action->sa_sigaction(signo, info, context);
	else if (action->sa_handler != SIG_IGN && action->sa_handler != SIG_DFL)
		action->sa_handler(signo);
}

static void
signal_came(int signo, siginfo_t *info, void *context)
{
	int			save_errno = errno;

	if (info->si_pid == MyProcPid)
	{
		own_signal_came = true;
		InterruptPending = true;
		QueryCancelPending = true;
		SetLatch(MyLatch);
	}
	else
	{
		for (int i = 0; i < lengthof(guarded_signals); i++)
			if (guarded_signals[i] == signo)
				pass_signal(&before_guard[i], signo, info, context);
	}
	errno = save_errno;
}

/*
 * Begins to guard.  Whoever does must release it, also when an error passes.
 */
void
hooks_own_signal_guard(void)
{
	struct sigaction action;

	Assert(!guarding);
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = signal_came;
	action.sa_flags = SA_RESTART | SA_SIGINFO;
	sigemptyset(&action.sa_mask);
	own_signal_came = false;
	guarding = true;
	for (int i = 0; i < lengthof(guarded_signals); i++)
		(void) sigaction(guarded_signals[i], &action, &before_guard[i]);
}

/*
 * Ends it, and takes back a cancel of ours that nobody has served yet.
 */
void
hooks_own_signal_release(void)
{
	Assert(guarding);
	for (int i = 0; i < lengthof(guarded_signals); i++)
		(void) sigaction(guarded_signals[i], &before_guard[i], NULL);
	if (own_signal_came)
		QueryCancelPending = false;
	own_signal_came = false;
	guarding = false;
}

/*
 * Was a query cancel that was caught caused by the callback itself?
 */
bool
hooks_own_signal_caused(int sqlerrcode)
{
	return guarding && own_signal_came && sqlerrcode == ERRCODE_QUERY_CANCELED;
}

#else							/* WIN32: signals tell nobody's number */

void
hooks_own_signal_guard(void)
{
}

void
hooks_own_signal_release(void)
{
}

bool
hooks_own_signal_caused(int sqlerrcode)
{
	return false;
}

#endif
