/*
 * usage.c - notes in memory, and the thread that writes them.
 *
 * u->mu guards the notes and the thread's orders; it is never held over I/O. u->file's
 * lock is held by who has the file open (the thread, or who flushes), and guards what is
 * marked so.
 */
#include "store/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lowly.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/room.h"
#include "store/usedb.h"
#include "store/usefile.h"

#define SOON_NOTES (USAGE_MAX_NOTES / 2) /* so many are written at once */
#define TIDY_MS 3600000
#define TIDY_ROWS 2000 /* looked at each time */
#define DAY_MS INT64_C(86400000)
#define STACK_BYTES (256 * 1024)
#define FIRST_MS 200

struct note {
	uint64_t times;
	int64_t last_ms;
	size_t name_bytes;
	char text[]; /* "name\nref", as the key has it */
};

typedef char note_key[NAME_MAX_BYTES + DIGEST_TEXT_MAX + 2];

struct usage {
	struct store *store;
	struct usage_guest guest; /* its functions NULL: there is none */
	metric_cell *dropped;
	pthread_t thread;
	bool has_thread;

	pthread_mutex_t mu;
	pthread_cond_t wake, has_read;
	struct map *notes; /* guarded by mu, as what follows */
	bool stopping;
	bool due;	/* the guest may have something to write */
	bool reread;	/* another process has written */
	bool hurry;	/* somebody waits for what was there at the start */
	bool read;	/* that has been read */
	uint64_t heard; /* room_notes_wanted, when notes were last taken to be written */

	struct usefile file;
	int64_t tidied_ms; /* guarded by the file's lock, as what follows */
	char swept_name[NAME_MAX_BYTES + 1], swept_ref[256]; /* how far */
};

/* --- noting --- */

void usage_note(struct usage *u, const struct reponame *name, const struct reference *ref)
{
	int64_t now_ms = clock_wall_ms();
	char text[DIGEST_TEXT_MAX];
	struct note *n;
	note_key key;
	size_t len;

	reference_text(ref, text);
	len = (size_t)snprintf(key, sizeof(key), "%s\n%s", name->s, text);
	pthread_mutex_lock(&u->mu);
	n = map_get(u->notes, key);
	if (n == NULL && map_count(u->notes) >= USAGE_MAX_NOTES) {
		metrics_add(u->dropped, 1);
	} else {
		if (n == NULL) {
			n = mem_alloc(sizeof(*n) + len + 1);
			memcpy(n->text, key, len + 1);
			n->name_bytes = strlen(name->s);
			map_put(u->notes, key, n);
			room_set_notes(u->store, true);
			if (map_count(u->notes) == 1 || map_count(u->notes) == SOON_NOTES)
				pthread_cond_signal(&u->wake);
		}
		n->times++;
		n->last_ms = now_ms;
	}
	pthread_mutex_unlock(&u->mu);
}

/* --- writing --- */

static bool is_gone(void *arg, const char *name, const char *ref)
{
	struct reference r;
	struct reponame repo;
	struct store *s = arg;
	layout_path path;
	struct stat st;

	if (reponame_parse(view_of(name), &repo, NULL) != 0 ||
	    reference_parse(view_of(ref), &r, NULL) != 0)
		return true;
	if (r.is_digest)
		return !link_exists(s, LINK_REVISION, &repo, &r.digest);
	layout_tag(path, &repo, r.tag);
	return fstatat(s->dirfd, path, &st, 0) != 0 && errno == ENOENT;
}

/* Now and then, and a step at a time. */
static int tidy(struct usage *u, struct usedb *db, struct err *e)
{
	int64_t now_ms = clock_mono_ms();

	if (u->tidied_ms != 0 && now_ms < u->tidied_ms + TIDY_MS)
		return 0;
	u->tidied_ms = now_ms;
	if (usedb_begin(db, e) != 0 ||
	    usedb_forget(db, clock_wall_ms() - USAGE_MAX_DAYS * DAY_MS, USAGE_MAX_ROWS,
			 e) != 0 ||
	    usedb_sweep(db, u->swept_name, u->swept_ref, TIDY_ROWS, is_gone, u->store,
			e) != 0 ||
	    usedb_quota_tidy(db, clock_wall_ms(), e) != 0)
		return -1;
	return usedb_commit(db, e);
}

struct batch {
	struct usage *u;
	struct map *notes;
	struct usedb *db;
	struct err *e;
	int rc;
};

static bool write_one(void *value, void *arg)
{
	struct note *n = value;
	struct batch *b = arg;
	char name[NAME_MAX_BYTES + 1];

	if (b->rc != 0)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)n->name_bytes, n->text);
	b->rc = usedb_add(b->db, name, n->text + n->name_bytes + 1, n->times, n->last_ms,
			  b->e);
	return false;
}

static int write_all(void *arg, struct usedb *db, bool anew, struct err *e)
{
	struct batch *b = arg;
	struct usage *u = b->u;

	b->db = db;
	b->e = e;
	b->rc = usedb_begin(db, e);
	if (b->rc == 0)
		map_sweep(b->notes, write_one, b);
	if (b->rc == 0 && u->guest.write != NULL)
		b->rc = u->guest.write(u->guest.arg, db, anew, e);
	if (b->rc == 0)
		b->rc = usedb_commit(db, e);
	if (b->rc != 0)
		return -1;
	if (u->guest.written != NULL)
		u->guest.written(u->guest.arg);
	/* Damage found only now: what was written is begun anew as well. */
	return tidy(u, db, e) != 0 && e->kind == ERR_CORRUPT ? -1 : 0;
}

/* Not written because another process was writing for long: for the next time. */
static bool put_back(void *value, void *arg)
{
	struct note *n = value, *have;
	struct usage *u = arg;

	have = map_get(u->notes, n->text);
	if (have != NULL) {
		have->times += n->times;
		free(n);
	} else if (map_put(u->notes, n->text, n) != 0) {
		metrics_add(u->dropped, (int64_t)n->times);
		free(n);
	}
	return true;
}

static bool guest_is_due(const struct usage *u)
{
	return u->guest.due != NULL && u->guest.due(u->guest.arg);
}

void usage_flush(struct usage *u)
{
	struct batch b = { .u = u, .notes = map_new(USAGE_MAX_NOTES) };
	struct map *taken;
	struct err e;

	pthread_mutex_lock(&u->mu);
	u->heard = room_notes_wanted(u->store);
	taken = u->notes;
	u->notes = b.notes;
	u->due = false;
	pthread_mutex_unlock(&u->mu);
	b.notes = taken;
	if ((map_count(taken) > 0 || guest_is_due(u)) &&
	    usefile_run(&u->file, true, write_all, &b, &e) != 0 && e.kind == ERR_BUSY) {
		pthread_mutex_lock(&u->mu);
		map_sweep(taken, put_back, u);
		u->due = true;
		pthread_mutex_unlock(&u->mu);
	}
	map_free(taken, free);
	pthread_mutex_lock(&u->mu);
	room_set_notes(u->store, map_count(u->notes) > 0);
	pthread_mutex_unlock(&u->mu);
}

/* --- the guest reads --- */

static int read_all(void *arg, struct usedb *db, bool anew, struct err *e)
{
	struct usage *u = arg;

	(void)anew;
	return u->guest.read(u->guest.arg, db, e);
}

void usage_read_now(struct usage *u)
{
	if (u->guest.read != NULL && usefile_changed(&u->file))
		usefile_run(&u->file, false, read_all, u, NULL);
}

void usage_read_soon(struct usage *u)
{
	if (u->guest.read == NULL || !usefile_changed(&u->file))
		return;
	pthread_mutex_lock(&u->mu);
	u->reread = true;
	pthread_cond_signal(&u->wake);
	pthread_mutex_unlock(&u->mu);
}

void usage_due(struct usage *u)
{
	pthread_mutex_lock(&u->mu);
	if (!u->due && map_count(u->notes) == 0)
		pthread_cond_signal(&u->wake);
	u->due = true;
	pthread_mutex_unlock(&u->mu);
}

static void time_in(int64_t ms, struct timespec *out)
{
	clock_gettime(CLOCK_MONOTONIC, out);
	out->tv_sec += (time_t)(ms / 1000);
	out->tv_nsec += (long)(ms % 1000) * 1000000;
	if (out->tv_nsec >= 1000000000) {
		out->tv_nsec -= 1000000000;
		out->tv_sec++;
	}
}

bool usage_wait_read(struct usage *u, int64_t ms)
{
	struct timespec until;
	int rc = 0;
	bool done;

	time_in(ms, &until);
	pthread_mutex_lock(&u->mu);
	if (!u->read) {
		u->hurry = true;
		pthread_cond_signal(&u->wake);
	}
	while (!u->read && rc == 0)
		rc = pthread_cond_timedwait(&u->has_read, &u->mu, &until);
	done = u->read;
	pthread_mutex_unlock(&u->mu);
	return done;
}

/* --- the thread --- */

/* With mu held: until there is something to read; or to write, and either much of it or
 * some time has gone by, or somebody chooses what is to go. False: it is the end. */
static bool wait_for_work(struct usage *u)
{
	struct timespec until;
	int64_t end_ms;

	while (!u->stopping && !u->reread && !u->due && map_count(u->notes) == 0)
		pthread_cond_wait(&u->wake, &u->mu);
	end_ms = clock_mono_ms() + USAGE_WRITE_MS;
	while (!u->stopping && !u->reread && clock_mono_ms() < end_ms &&
	       map_count(u->notes) < SOON_NOTES &&
	       room_notes_wanted(u->store) == u->heard) {
		time_in(ROOM_NOTES_MS, &until);
		pthread_cond_timedwait(&u->wake, &u->mu, &until);
	}
	return !u->stopping;
}

/* The process has just started, and has more urgent things to do than to read what nobody
 * has asked for yet. */
static void wait_for_first(struct usage *u)
{
	struct timespec until;
	int rc = 0;

	time_in(FIRST_MS, &until);
	pthread_mutex_lock(&u->mu);
	while (!u->stopping && !u->hurry && !u->reread && rc == 0)
		rc = pthread_cond_timedwait(&u->wake, &u->mu, &until);
	pthread_mutex_unlock(&u->mu);
}

static void read_first(struct usage *u)
{
	usage_read_now(u);
	pthread_mutex_lock(&u->mu);
	u->read = true;
	pthread_cond_broadcast(&u->has_read);
	pthread_mutex_unlock(&u->mu);
}

static void *run(void *arg)
{
	struct usage *u = arg;
	bool reread;

	pthread_setname_np(pthread_self(), "usage");
	if (u->guest.read != NULL)
		wait_for_first(u);
	read_first(u); /* somebody may wait for it: not yet of low priority */
	lowly_after();
	pthread_mutex_lock(&u->mu);
	while (wait_for_work(u)) {
		reread = u->reread;
		u->reread = false;
		pthread_mutex_unlock(&u->mu);
		if (reread)
			usage_read_now(u);
		else
			usage_flush(u);
		pthread_mutex_lock(&u->mu);
	}
	pthread_mutex_unlock(&u->mu);
	return NULL;
}

/* Signals are for the main thread only. */
static bool start_thread(struct usage *u)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&u->thread, &attr, run, u);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return rc == 0;
}

struct usage *usage_new(struct store *s, const struct usage_guest *guest)
{
	struct usage *u = mem_alloc(sizeof(*u));
	pthread_condattr_t attr;

	u->store = s;
	if (guest != NULL)
		u->guest = *guest;
	usefile_init(&u->file, s);
	u->dropped = metrics_cell(
		metrics_family(METRIC_COUNTER, "larder_usage_dropped_total", "",
			       "Uses of images that were not written down"),
		NULL, NULL, NULL, NULL);
	u->notes = map_new(USAGE_MAX_NOTES);
	u->heard = room_notes_wanted(s);
	pthread_mutex_init(&u->mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&u->wake, &attr);
	pthread_cond_init(&u->has_read, &attr);
	pthread_condattr_destroy(&attr);
	u->has_thread = start_thread(u);
	if (!u->has_thread)
		read_first(u);
	return u;
}

void usage_free(struct usage *u)
{
	if (u == NULL)
		return;
	pthread_mutex_lock(&u->mu);
	u->stopping = true;
	pthread_cond_signal(&u->wake);
	pthread_mutex_unlock(&u->mu);
	if (u->has_thread)
		pthread_join(u->thread, NULL);
	usage_flush(u);
	map_free(u->notes, free);
	pthread_cond_destroy(&u->wake);
	pthread_cond_destroy(&u->has_read);
	pthread_mutex_destroy(&u->mu);
	usefile_done(&u->file);
	free(u);
}
