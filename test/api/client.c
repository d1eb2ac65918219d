/*
 * client.c
 *		An extension that has callbacks for hooks, in C.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/rel.h"

#include "hooks_api.h"

#ifndef CLIENT_VERSION
#define CLIENT_VERSION HOOKS_API_VERSION
#endif

PG_MODULE_MAGIC;

void		_PG_init(void);

static HeapTuple
tell(TriggerData *trigdata, void *arg)
{
	HookApiFiring firing;

	if (hooks_api() == NULL || !hooks_api()->get_firing(&firing))
		elog(ERROR, "called outside of a firing");
	elog(NOTICE, "%s: %s %s on %s", firing.hook, firing.phase, firing.action,
		 RelationGetRelationName(trigdata->tg_relation));
	return TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
		trigdata->tg_newtuple : trigdata->tg_trigtuple;
}

static HeapTuple
veto(TriggerData *trigdata, void *arg)
{
	hooks_api()->cancel((const char *) arg);
	return NULL;
}

static HookApiCallback callbacks[] = {
	{CLIENT_VERSION, "client_tell", tell},
	{CLIENT_VERSION, "client_veto", veto, "not today"},
};

void
_PG_init(void)
{
	HookApiFiring firing;

	for (int i = 0; i < lengthof(callbacks); i++)
		hooks_api_add(&callbacks[i]);
	hooks_api_add(&callbacks[0]);	/* known already */
	elog(NOTICE, "hooks is %s", hooks_api() != NULL ? "loaded" : "not loaded");
	if (hooks_api() != NULL && hooks_api()->get_firing(&firing))
		elog(ERROR, "loaded in a firing");
}
