/*
 * hooks.c
 *		Loads the library: every module in the order of the floors.
 */
#include "postgres.h"

#include "fmgr.h"

#include "api/native.h"
#include "base/buckets.h"
#include "base/counters.h"
#include "base/forget.h"
#include "base/opt_in.h"
#include "base/own.h"
#include "base/preload.h"
#include "base/process.h"
#include "base/ring.h"
#include "base/settings.h"
#include "base/graph.h"
#include "cascade/closure.h"
#include "cascade/routes.h"
#include "executor.h"
#include "explain.h"
#include "firing/chain.h"
#include "firing/sandbox.h"
#include "outbox/waiting.h"
#include "recycle/keepers.h"
#include "registry/present.h"
#include "registry/remove.h"
#include "sessions.h"
#include "transaction.h"
#include "watch.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	hooks_buckets_init();
	hooks_counters_init();
	hooks_forget_init();
	hooks_opt_in_init();
	hooks_preload_init();
	hooks_ring_init();
	hooks_settings_init();		/* after all others that have parameters */
	hooks_own_init();
	hooks_present_init();
	hooks_process_init();
	hooks_chain_init();
	hooks_sandbox_init();
	hooks_graph_init();
	hooks_routes_init();
	hooks_closure_init();
	hooks_keepers_init();
	hooks_remove_lock_deliveries = hooks_waiting_lock;
	hooks_remove_deliveries = hooks_waiting_forget;
	hooks_transaction_init();
	hooks_executor_init();
	hooks_explain_init();
	hooks_native_init();
	hooks_watch_init();
	hooks_sessions_init();
}
