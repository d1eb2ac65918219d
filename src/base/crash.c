/*
 * crash.c
 *		What workers were at when the server crashed.
 *
 * A callback that crashes its process takes the server down, and rolls back
 * everything, shared memory included.  If nothing remembered it, the delivery
 * would do so again for ever.  So each worker notes what it is at in a file
 * that is mapped into its memory: a note costs two stores, and the kernel
 * keeps it, however the process ends.
 *
 * When another process crashes, or the server shuts down immediately, workers
 * are told to quit, and take back their notes first.  So the notes that are
 * left when the server starts are those of the deliveries that may have
 * crashed it.  How often each has is in the file, too, until that has been
 * written down or the delivery has succeeded.
 *
 * It is a file for temporary use, which no backup has.  If it cannot be used,
 * the server log says so, and crashes are not counted.
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>
#ifndef WIN32
#include <sys/mman.h>
#endif

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/fd.h"

#include "base/compat.h"
#include "base/crash.h"

#define CRASH_FILE	PG_STAT_TMP_DIR "/hooks_deliveries"

/* changes with the format of the file */
#define CRASH_MAGIC 0x686B6432

/* What a worker is at: a delivery, or the commit of several for a hook */
typedef struct CrashNote
{
	Oid			database;
	Oid			extension;
	int			deliveries;		/* 0: id is of a delivery; else of the hook */
	int64		id;				/* 0: at nothing */
} CrashNote;

/* How often a delivery was left in a note */
typedef struct CrashCount
{
	Oid			database;		/* InvalidOid: free */
	Oid			extension;
	int			crashes;
	int64		delivery;
} CrashCount;

typedef struct CrashFile
{
	uint32		magic;
	CrashNote	notes[HOOK_WORKERS];
	CrashCount	counts[HOOK_DEATHS];
} CrashFile;

/* the file, mapped by a worker; NULL in other processes, or if it cannot be */
static CrashFile *file = NULL;

/* the worker's own note; in the file, if that is mapped */
static CrashNote unmapped;
static CrashNote *mine = &unmapped;

static void
report_problem(void)
{
	ereport(LOG,
			(errcode_for_file_access(),
			 errmsg("could not use file \"%s\": %m", CRASH_FILE),
			 errdetail("What crashes the server in deliveries of hooks is not counted.")));
}

/*
 * Counts one more crash of a delivery.  If there is no room, one makes way:
 * the delivery, its hook or database may be gone.
 */
static void
count_crash(CrashFile *contents, const CrashNote *note)
{
	CrashCount *place = &contents->counts[0];

	for (int i = 0; i < HOOK_DEATHS; i++)
	{
		CrashCount *count = &contents->counts[i];

		if (count->database == note->database &&
			count->extension == note->extension &&
			count->delivery == note->id)
		{
			count->crashes++;
			return;
		}
		if (OidIsValid(place->database) && (!OidIsValid(count->database) ||
											count->crashes < place->crashes))
			place = count;
	}
	*place = (CrashCount)
	{
		note->database, note->extension, 1, note->id
	};
}

static void
add_death(HookRoster *roster, HookWorkerDeath death)
{
	if (roster->ndeaths < HOOK_DEATHS)
		roster->deaths[roster->ndeaths++] = death;
}

/*
 * Moves what the notes tell to the counts, and to the list in shared memory.
 */
static void
read_notes(CrashFile *contents, HookRoster *roster)
{
	for (int i = 0; i < HOOK_WORKERS; i++)
	{
		CrashNote  *note = &contents->notes[i];
		HookWorkerDeath death = {note->database, note->extension, -note->id};

		death.alone = note->deliveries;
		if (note->id > 0 && note->deliveries == 0)
			count_crash(contents, note);
		else if (note->id > 0)
			add_death(roster, death);
		note->id = 0;
	}
	for (int i = 0; i < HOOK_DEATHS; i++)
	{
		const CrashCount *count = &contents->counts[i];
		HookWorkerDeath death = {count->database, count->extension,
			count->delivery};

		death.crashes = count->crashes;
		if (OidIsValid(death.database))
			add_death(roster, death);
	}
}

/*
 * Reads what is left of the time before the server's start, when the list of
 * workers is made.  Does not throw.
 */
void
hooks_crash_read(HookRoster *roster)
{
	CrashFile  *contents = calloc(1, sizeof(CrashFile));
	int			fd = BasicOpenFile(CRASH_FILE, O_RDWR | PG_BINARY);

	if (contents != NULL && fd >= 0 &&
		pg_pread(fd, contents, sizeof(CrashFile), 0) == sizeof(CrashFile) &&
		contents->magic == CRASH_MAGIC)
	{
		read_notes(contents, roster);
		if (pg_pwrite(fd, contents, sizeof(CrashFile), 0) != sizeof(CrashFile))
			report_problem();
	}
	else if (fd < 0 && errno != ENOENT)
		report_problem();
	if (fd >= 0)
		(void) close(fd);
	free(contents);
}

#ifndef WIN32

/* The server crashes, or shuts down immediately: the callback has no part */
static void
quit(SIGNAL_ARGS)
{
	mine->id = 0;
	SignalHandlerForCrashExit(HOOKS_SIGNAL_PASS);
}

/*
 * Gives the file its size, and its place on the disk: a store to a page of a
 * file that the full disk has no room for would crash the server.
 */
static bool
allocate_file(int fd)
{
#ifdef HAVE_POSIX_FALLOCATE
	int			result;

	do
	{
		result = posix_fallocate(fd, 0, sizeof(CrashFile));
	} while (result == EINTR);
	if (result == 0)
		return true;

	/* some file systems cannot */
	if (result != EINVAL && result != EOPNOTSUPP)
	{
		errno = result;
		return false;
	}
#endif
	return ftruncate(fd, sizeof(CrashFile)) == 0;
}

/*
 * Maps the file, which is made if there is none; NULL if that cannot be.
 */
static CrashFile *
map_file(void)
{
	int			fd = BasicOpenFile(CRASH_FILE, O_RDWR | O_CREAT | PG_BINARY);
	void	   *map = MAP_FAILED;

	if (fd >= 0 && allocate_file(fd))
		map = mmap(NULL, sizeof(CrashFile), PROT_READ | PROT_WRITE,
				   MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		report_problem();
	if (fd >= 0)
		(void) close(fd);
	return map == MAP_FAILED ? NULL : map;
}

/*
 * A worker begins.
 */
void
hooks_crash_enter(int slot, Oid database)
{
	file = map_file();
	if (file == NULL)
		return;
	if (file->magic != CRASH_MAGIC)
	{
		/* all who find it so do the same */
		memset(file, 0, sizeof(CrashFile));
		file->magic = CRASH_MAGIC;
	}
	mine = &file->notes[slot];
	mine->id = 0;
	mine->database = database;
	pqsignal(SIGQUIT, quit);
}

#else

void
hooks_crash_enter(int slot, Oid database)
{
}

#endif							/* WIN32 */

/*
 * The worker serves an extension.
 */
void
hooks_crash_serve(Oid extension)
{
	mine->extension = extension;
}

/*
 * The worker is in a delivery; 0: in none.
 */
void
hooks_crash_at(int64 delivery)
{
	mine->id = 0;
	mine->deliveries = 0;
	mine->id = delivery;
}

/*
 * The worker commits several deliveries to a hook, which may leave triggers
 * for that.
 */
void
hooks_crash_at_commit(int64 hook_id, int deliveries)
{
	mine->id = 0;
	mine->deliveries = deliveries;
	mine->id = hook_id;
}

/*
 * Crashes of a delivery do not count any more.  For a worker.
 */
void
hooks_crash_forget(Oid database, Oid extension, int64 delivery)
{
	for (int i = 0; file != NULL && i < HOOK_DEATHS; i++)
	{
		CrashCount *count = &file->counts[i];

		if (count->database == database && count->extension == extension &&
			count->delivery == delivery)
			count->database = InvalidOid;
	}
}
