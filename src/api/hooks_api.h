/*
 * hooks_api.h
 *		For other extensions: callbacks in C, by name.
 *
 * Needs nothing of the extension hooks when it is linked or loaded.  In
 * _PG_init():
 *
 *		static HookApiCallback guard =
 *			{HOOKS_API_VERSION, "my_guard", my_guard};
 *		hooks_api_add(&guard);
 *
 * and then, in SQL, wherever the library is loaded:
 *
 *		SELECT hooks.register('guard', 'before', 'delete', 't', 'hooks.native',
 *							  arguments => '{my_guard}');
 *
 * It does not matter which library is loaded first, nor whether hooks is there
 * at all.  Needs postgres.h, commands/trigger.h and fmgr.h before it.
 */
#ifndef HOOKS_API_H
#define HOOKS_API_H

/*
 * Changes with what is below.  A callback of another version is not called
 * (55000).
 */
#define HOOKS_API_VERSION 1

/*
 * What is called: as a trigger function is with trigdata, and returns as one.
 * It runs as the hook says, and in its policy: it may raise errors.  Anybody
 * who may create triggers on a table may have it called for that table.
 */
typedef HeapTuple (*HookApiFunction) (TriggerData *trigdata, void *arg);

/* A callback; must stay where it is as long as the session lasts */
typedef struct HookApiCallback
{
	int			version;		/* HOOKS_API_VERSION */
	const char *name;			/* that hooks know it by */
	HookApiFunction function;
	void	   *arg;
	struct HookApiCallback *next;	/* set by hooks_api_add() */
} HookApiCallback;

/* What a callback can ask for; the strings last as long as the call */
typedef struct HookApiFiring
{
	const char *hook;			/* its name */
	const char *phase;
	const char *action;
	Oid			relation;
	Oid			caller;			/* who issued the statement; InvalidOid: not
								 * known */
	int			depth;			/* firings that this one is in, itself too */
} HookApiFiring;

/* What the extension hooks has for others */
typedef struct HookApi
{
	int			version;
	bool		(*get_firing) (HookApiFiring *firing);	/* false: in none */
	void		(*cancel) (const char *reason); /* a veto: KH001 */
} HookApi;

#define HOOKS_API_CALLBACKS "hooks_api_callbacks"
#define HOOKS_API_FUNCTIONS "hooks_api_functions"

/*
 * Makes a callback known in this session.  Nothing comes of doing so again.
 */
static inline void
hooks_api_add(HookApiCallback *callback)
{
	void	  **list = find_rendezvous_variable(HOOKS_API_CALLBACKS);
	const HookApiCallback *known = (const HookApiCallback *) *list;

	/* of one of another version, the next one is not known */
	while (known != NULL && known != callback &&
		   known->version == HOOKS_API_VERSION)
		known = known->next;
	if (known == callback)
		return;
	callback->next = (HookApiCallback *) *list;
	*list = callback;
}

/*
 * What hooks has for others; NULL if it is not loaded, or of another version.
 */
static inline const HookApi *
hooks_api(void)
{
	const HookApi *api =
		(const HookApi *) *find_rendezvous_variable(HOOKS_API_FUNCTIONS);

	return api != NULL && api->version == HOOKS_API_VERSION ? api : NULL;
}

#endif							/* HOOKS_API_H */
