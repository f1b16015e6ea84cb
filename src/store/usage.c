/*
 * usage.c - notes in memory, and the thread that writes them.
 *
 * u->mu guards the notes and the thread's orders; it is never held over I/O. u->writing
 * is held by who writes (the thread, or usage_flush), and guards what is marked so.
 */
#include "store/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/usedb.h"

#define SOON_NOTES (USAGE_MAX_NOTES / 2) /* so many are written at once */
#define WAIT_MS 2000			 /* for another process's writing */
#define TIDY_MS 3600000
#define TIDY_ROWS 2000 /* looked at each time */
#define DAY_MS INT64_C(86400000)
#define STACK_BYTES (256 * 1024)

struct note {
	uint64_t times;
	int64_t last_ms;
	size_t name_bytes;
	char text[]; /* "name\nref", as the key has it */
};

typedef char note_key[NAME_MAX_BYTES + DIGEST_TEXT_MAX + 2];

struct usage {
	struct store *store;
	char *path;
	metric_cell *dropped;
	pthread_t thread;
	bool has_thread;

	pthread_mutex_t mu;
	pthread_cond_t wake;
	struct map *notes; /* guarded by mu */
	bool stopping;	   /* guarded by mu */

	pthread_mutex_t writing;
	bool complained; /* guarded by writing, as all below: until it works again */
	int64_t tidied_ms;
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
			if (map_count(u->notes) == 1 || map_count(u->notes) == SOON_NOTES)
				pthread_cond_signal(&u->wake);
		}
		n->times++;
		n->last_ms = now_ms;
	}
	pthread_mutex_unlock(&u->mu);
}

/* --- writing --- */

static void complain(struct usage *u, const struct err *e)
{
	if (u->complained)
		return;
	u->complained = true;
	log_event(LOG_WARN, "usage.not_kept", LS("path", u->path), LS("error", e->msg),
		  LS("what", "when images were used is not written down; nothing else "
			     "suffers, and this is said once"));
}

/* Its name is for who wants to look into it; an older one makes room. */
static void move_aside(struct usage *u, const struct err *why)
{
	if (renameat(u->store->dirfd, LAYOUT_USAGE, u->store->dirfd,
		     LAYOUT_USAGE ".damaged") != 0)
		unlinkat(u->store->dirfd, LAYOUT_USAGE, 0);
	unlinkat(u->store->dirfd, LAYOUT_USAGE "-journal", 0);
	log_event(LOG_WARN, "usage.damaged", LS("path", u->path), LS("error", why->msg),
		  LS("what", "moved aside to usage.db.damaged, and begun anew"));
}

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
			e) != 0)
		return -1;
	return usedb_commit(db, e);
}

struct batch {
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

static int write_all(struct usage *u, struct map *notes, struct err *e)
{
	struct batch b = { NULL, e, 0 };

	if (usedb_open(u->path, true, WAIT_MS, &b.db, e) != 0)
		return -1;
	if (usedb_begin(b.db, e) != 0)
		b.rc = -1;
	if (b.rc == 0)
		map_sweep(notes, write_one, &b);
	if (b.rc == 0)
		b.rc = usedb_commit(b.db, e);
	if (b.rc == 0 && tidy(u, b.db, e) != 0 && e->kind == ERR_CORRUPT)
		b.rc = -1;
	usedb_close(b.db);
	return b.rc;
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

static void write_out(struct usage *u)
{
	struct map *notes = map_new(USAGE_MAX_NOTES), *taken;
	struct err e;
	int rc;

	pthread_mutex_lock(&u->mu);
	taken = u->notes;
	u->notes = notes;
	pthread_mutex_unlock(&u->mu);
	if (map_count(taken) > 0) {
		rc = write_all(u, taken, &e);
		if (rc != 0 && e.kind == ERR_CORRUPT) {
			move_aside(u, &e);
			rc = write_all(u, taken, &e);
		}
		if (rc == 0)
			u->complained = false;
		else if (e.kind != ERR_BUSY)
			complain(u, &e);
		if (rc != 0 && e.kind == ERR_BUSY) {
			pthread_mutex_lock(&u->mu);
			map_sweep(taken, put_back, u);
			pthread_mutex_unlock(&u->mu);
		}
	}
	map_free(taken, free);
}

void usage_flush(struct usage *u)
{
	pthread_mutex_lock(&u->writing);
	write_out(u);
	pthread_mutex_unlock(&u->writing);
}

/* --- the thread --- */

/* With mu held: until there is something to write, and either much of it or some time has
 * gone by. False: it is the end. */
static bool wait_for_notes(struct usage *u)
{
	struct timespec until;
	int rc = 0;

	while (!u->stopping && map_count(u->notes) == 0)
		pthread_cond_wait(&u->wake, &u->mu);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += USAGE_WRITE_MS / 1000;
	while (!u->stopping && rc == 0 && map_count(u->notes) < SOON_NOTES)
		rc = pthread_cond_timedwait(&u->wake, &u->mu, &until);
	return !u->stopping;
}

static void *run(void *arg)
{
	struct usage *u = arg;

	pthread_setname_np(pthread_self(), "usage");
	setpriority(PRIO_PROCESS, (id_t)gettid(), 10);
	pthread_mutex_lock(&u->mu);
	while (wait_for_notes(u)) {
		pthread_mutex_unlock(&u->mu);
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

struct usage *usage_new(struct store *s)
{
	struct usage *u = mem_alloc(sizeof(*u));
	pthread_condattr_t attr;

	u->store = s;
	u->path = mem_fmt("%s/" LAYOUT_USAGE, s->root);
	u->dropped = metrics_cell(
		metrics_family(METRIC_COUNTER, "larder_usage_dropped_total", "",
			       "Uses of images that were not written down"),
		NULL, NULL, NULL, NULL);
	u->notes = map_new(USAGE_MAX_NOTES);
	pthread_mutex_init(&u->mu, NULL);
	pthread_mutex_init(&u->writing, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&u->wake, &attr);
	pthread_condattr_destroy(&attr);
	u->has_thread = start_thread(u);
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
	pthread_mutex_destroy(&u->writing);
	pthread_mutex_destroy(&u->mu);
	free(u->path);
	free(u);
}

/* --- reading --- */

struct usage_reader {
	struct usedb *db; /* NULL: nothing is known */
};

struct usage_reader *usage_reader_open(struct store *s)
{
	struct usage_reader *r = mem_alloc(sizeof(*r));
	char *path = mem_fmt("%s/" LAYOUT_USAGE, s->root);
	struct err e;

	if (usedb_open(path, false, WAIT_MS, &r->db, &e) != 0) {
		r->db = NULL;
		if (e.kind != ERR_NOT_FOUND)
			log_event(LOG_WARN, "usage.not_read", LS("path", path),
				  LS("error", e.msg));
	}
	free(path);
	return r;
}

void usage_reader_close(struct usage_reader *r)
{
	if (r == NULL)
		return;
	usedb_close(r->db);
	free(r);
}

struct used usage_reader_get(struct usage_reader *r, const struct reponame *name,
			     const char *ref)
{
	struct used u = { 0 };

	if (r->db != NULL &&
	    usedb_get(r->db, name->s, ref, &u.times, &u.last_ms, NULL) != 1)
		u = (struct used){ 0 };
	return u;
}
