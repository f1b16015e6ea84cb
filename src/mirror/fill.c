/*
 * fill.c - the download of a blob, on one thread, from the first byte to the final name.
 *
 * Reads top to bottom: callbacks of the upstream, then the attempts around them.
 */
#include "mirror/fill.h"

#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "mirror/reader.h"
#include "store/link.h"
#include "store/loose.h"
#include "upstream/retry.h"

/* What has begun is worth more attempts (about ten seconds without a byte). */
#define MAX_TRIES_BEGUN 8
#define LOOK_MS 200 /* how often a wait looks whether larder is stopping */

static void set_view(struct flight *f, const struct space_view *v)
{
	pthread_mutex_lock(&f->mu);
	f->space.view = *v;
	pthread_mutex_unlock(&f->mu);
}

/* why: NULL: the disk is full. */
static void say_passing(struct flight *f, const struct err *why)
{
	bool by_limit = why != NULL && why->errnum == 0;

	metrics_add(f->home->passed, 1);
	log_event(LOG_WARN, by_limit ? "flight.no_room" : "flight.disk_full",
		  LS("digest", f->text), LS("repository", f->route.name.s),
		  LS("what", by_limit ? why->msg
				      : "passing it through without storing it; free "
					"some space"));
}

static int to_memory(struct flight *f, const struct err *why, struct err *e)
{
	struct space_view v;

	if (space_to_memory(&f->space, f->landed, &v, e) != 0)
		return -1;
	set_view(f, &v);
	say_passing(f, why);
	return 0;
}

static void ring_for(void *arg)
{
	struct task *t = arg;

	bell_ring(task_bell(t));
	task_unref(t);
}

/* The readers of a blob that is held back must look again when that ends, also if the
 * upstream stalls and no byte wakes them. */
static void end_hold_in_time(struct flight *f)
{
	uint64_t most = f->size >= 0 ? (uint64_t)f->size : f->max_bytes;

	if (most <= FLIGHT_TAIL_BYTES || most > FLIGHT_HOLD_BYTES)
		return;
	task_ref(f->task);
	if (!alarms_set(f->home->alarms, f->first_byte_ms + FLIGHT_HOLD_MS, ring_for,
			f->task))
		task_unref(f->task);
}

/* The upstream answered: size of the whole (-1 not said), and where its bytes begin. */
static int on_begin(void *arg, int64_t size, uint64_t first, struct err *e)
{
	struct flight *f = arg;
	struct err why;

	f->skip = f->landed - first;
	if (size > (int64_t)FLIGHT_MAX_BYTES)
		return err_set(e, ERR_LIMIT,
			       "it announces %lld bytes, more than any blob has",
			       (long long)size);
	if (size >= 0 && f->landed > (uint64_t)size)
		return err_set(e, ERR_CORRUPT,
			       "the partial copy is longer than the blob");
	if (f->size >= 0 && size >= 0 && size != f->size)
		return err_set(e, ERR_CORRUPT, "its size changed from %lld to %lld bytes",
			       (long long)f->size, (long long)size);
	if (size >= 0 && f->size < 0 &&
	    space_reserve(&f->space, (uint64_t)size, &why) != 0 &&
	    why.kind == ERR_NO_SPACE && to_memory(f, &why, e) != 0)
		return -1;
	pthread_mutex_lock(&f->mu);
	if (size >= 0)
		f->size = size;
	if (f->first_byte_ms == 0)
		f->first_byte_ms = clock_mono_ms();
	pthread_mutex_unlock(&f->mu);
	bell_ring(task_bell(f->task));
	end_hold_in_time(f);
	return 0;
}

/* With the lock held: the furthest-behind reader's offset, UINT64_MAX without readers. */
static uint64_t slowest(const struct flight *f)
{
	const struct reader *rd;
	uint64_t pos = UINT64_MAX;

	for (rd = f->readers; rd != NULL; rd = rd->next)
		if (!rd->lost && rd->pos < pos)
			pos = rd->pos;
	return pos;
}

static void leave_behind(struct flight *f, uint64_t pos)
{
	struct reader *rd;

	for (rd = f->readers; rd != NULL; rd = rd->next)
		if (rd->pos == pos)
			rd->lost = true;
}

/* With the lock held, given up meanwhile: until a reader has moved, for a moment at most.
 */
static void wait_moved(struct flight *f, int64_t until_ms)
{
	int64_t most_ms = clock_mono_ms() + LOOK_MS;
	struct timespec ts;

	if (until_ms > most_ms)
		until_ms = most_ms;
	ts = (struct timespec){ .tv_sec = until_ms / 1000,
				.tv_nsec = until_ms % 1000 * 1000000 };
	pthread_cond_timedwait(&f->moved, &f->mu, &ts);
}

/* With the lock held: until the window has room for n more bytes. *pos: the slowest
 * reader's place. */
static int wait_for_readers(struct flight *f, size_t n, uint64_t *pos, struct err *e)
{
	int64_t until_ms = clock_mono_ms() + READER_STILL_MS;
	uint64_t was = UINT64_MAX;

	while ((*pos = slowest(f)) + SPACE_WINDOW_BYTES < f->landed + n ||
	       *pos == UINT64_MAX) {
		if (*pos == UINT64_MAX && f->landed + n <= SPACE_WINDOW_BYTES)
			break; /* nobody there yet, and it still fits */
		if (*pos != was) {
			was = *pos;
			until_ms = clock_mono_ms() + READER_STILL_MS;
		}
		wait_moved(f, until_ms);
		if (upstream_cancelled())
			return err_set(e, ERR_CANCELLED, "larder is stopping");
		if (slowest(f) != was || clock_mono_ms() < until_ms)
			continue;
		if (was == UINT64_MAX)
			return err_set(
				e, ERR_NO_SPACE,
				"there is no room to store it, and nobody reads it");
		leave_behind(f, was);
	}
	return 0;
}

/* Pass-through: give back what all readers have had, wait for those that are behind. */
static int make_room(struct flight *f, size_t n, struct err *e)
{
	uint64_t pos, done = 0;
	int rc;

	pthread_mutex_lock(&f->mu);
	rc = wait_for_readers(f, n, &pos, e);
	/* Nobody there yet: all of it is kept. All ahead, for a range: none is needed. */
	if (rc == 0 && pos != UINT64_MAX)
		done = pos < f->landed ? pos : f->landed;
	if (done > f->space.view.mem_gone)
		f->space.view.mem_gone = done;
	pthread_mutex_unlock(&f->mu);
	if (done > 0)
		space_give_back(&f->space, done);
	return rc;
}

static int write_bytes(struct flight *f, const char *p, size_t n, struct err *e)
{
	struct err why;

	if (f->space.view.mem_fd >= 0 && make_room(f, n, e) != 0)
		return -1;
	if (space_write(&f->space, f->landed, p, n, e) == 0)
		return 0;
	if (e->kind != ERR_NO_SPACE || f->space.view.mem_fd >= 0)
		return -1;
	why = *e;
	return to_memory(f, &why, e) == 0 ? space_write(&f->space, f->landed, p, n, e)
					  : -1;
}

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct flight *f = arg;
	uint64_t differs = UINT64_MAX;

	if (f->skip >= n) {
		f->skip -= n;
		return 0;
	}
	p = (const char *)p + f->skip;
	n -= f->skip;
	f->skip = 0;
	if (f->size >= 0 && f->landed + n > (uint64_t)f->size)
		return err_set(e, ERR_UPSTREAM, "more bytes came than the %lld announced",
			       (long long)f->size);
	if (f->size < 0 && f->landed + n > f->max_bytes)
		return err_set(e, ERR_CORRUPT,
			       "more bytes came than the %llu it may have",
			       (unsigned long long)f->max_bytes);
	hash_add(f->hash, p, n);
	if (write_bytes(f, p, n, e) != 0)
		return -1;
	if (f->second && f->differs_at == UINT64_MAX) {
		size_t same = space_same(&f->space, f->landed, p, n);

		if (same < n)
			differs = f->landed + same;
	}
	pthread_mutex_lock(&f->mu);
	f->landed += n;
	if (differs != UINT64_MAX)
		f->differs_at = differs;
	pthread_mutex_unlock(&f->mu);
	bell_ring(task_bell(f->task));
	return 0;
}

/* Wrong bytes: once more from the start, keeping the first attempt for comparison. */
static int start_over(struct flight *f, struct err *e)
{
	struct space_view v;
	struct reader *rd;

	metrics_add(f->home->mismatches, 1);
	log_event(LOG_WARN, "flight.wrong_bytes", LS("digest", f->text),
		  LS("upstream", f->route.site->host), LS("repository", f->route.name.s),
		  LU("bytes", f->landed), LS("error", e->msg));
	if (f->second || f->space.view.mem_fd >= 0) {
		space_discard(&f->space);
		return -1;
	}
	if (space_restart(&f->space, &v, e) != 0)
		return -1;
	hash_reset(f->hash);
	pthread_mutex_lock(&f->mu);
	f->second = true;
	for (rd = f->readers; rd != NULL; rd = rd->next)
		rd->old_pos = rd->pos;
	f->space.view = v;
	f->landed = 0;
	f->size = -1;
	f->first_byte_ms = 0; /* small blobs are held back anew */
	pthread_mutex_unlock(&f->mu);
	if (v.mem_fd >= 0)
		say_passing(f, NULL);
	return 0;
}

/* All bytes are there: do they have the digest? */
static int prove(struct flight *f, struct err *e)
{
	struct digest real;

	digest_final(f->digest.alg, f->hash, &real);
	if (!digest_equal(&real, &f->digest))
		return err_set(
			e, ERR_CORRUPT,
			"%s: blob %s: the %llu bytes that came have another digest",
			f->route.site->host, f->text, (unsigned long long)f->landed);
	pthread_mutex_lock(&f->mu);
	f->proved = true;
	f->size = (int64_t)f->landed;
	pthread_mutex_unlock(&f->mu);
	bell_ring(task_bell(f->task));
	return 0;
}

/* Could the bytes found on disk be all there are? (A crash just before the end.) */
static int prove_found(struct flight *f)
{
	struct hash *h = hash_copy(f->hash);
	struct digest real;

	digest_final(f->digest.alg, h, &real);
	hash_free(h);
	return digest_equal(&real, &f->digest) ? prove(f, NULL) : -1;
}

/* Did an attempt bring enough to be worth another as if it were the first? At less than
 * the least rate of a body, somebody only keeps us here. */
static bool is_progress(uint64_t bytes, int64_t took_ms)
{
	return bytes > 0 && bytes >= (uint64_t)(took_ms / 1000) * UPSTREAM_LEAST_BYTES;
}

/* A breaker that holds the request back will not in a while: the readers of what has
 * begun would lose it all, and a look at a breaker is no request. */
static void bear_with(const struct flight *f, struct err *e)
{
	if (f->landed > 0 && e->kind == ERR_UPSTREAM)
		e->lasting = false;
}

static int download(struct flight *f, struct err *e)
{
	struct upstream_sink sink = { on_begin, on_data, f };
	struct retry r = RETRY_INIT(clock_mono_ms() + FLIGHT_PATIENCE_MS);

	for (;;) {
		uint64_t before = f->landed;
		int64_t began_ms = clock_mono_ms();
		int rc = upstream_get_blob(f->route.site->up, &f->route.remote,
					   &f->digest, f->landed, &sink, e);

		if (rc == 0 && f->size >= 0 && f->landed < (uint64_t)f->size)
			rc = err_set(e, ERR_UPSTREAM,
				     "%s: blob %s: cut short at %llu bytes",
				     f->route.site->host, f->text,
				     (unsigned long long)f->landed);
		if (rc == 0)
			rc = prove(f, e);
		if (rc == 0)
			return 0;
		if (e->kind == ERR_CORRUPT) {
			struct err why = *e;

			if (start_over(f, e) != 0)
				return -1;
			*e = why;
		} else if (is_progress(f->landed - before, clock_mono_ms() - began_ms)) {
			retry_progress(&r, clock_mono_ms() + FLIGHT_PATIENCE_MS);
		} else if (f->landed > before) {
			/* Another server may be faster; but they are counted. */
			r.deadline_ms = clock_mono_ms() + FLIGHT_PATIENCE_MS;
		}
		r.max = f->landed > 0 ? MAX_TRIES_BEGUN : r.max;
		bear_with(f, e);
		if (!retry_again(&r, e))
			return -1;
		metrics_add(f->home->broken, 1);
		log_event(LOG_INFO, "flight.again", LS("digest", f->text),
			  LU("landed_bytes", f->landed), LS("error", e->msg));
	}
}

static int open_space(struct flight *f, struct err *e)
{
	struct space space;
	uint64_t landed;

	if (space_open(&space, f->home->store, &f->digest, &landed, e) != 0)
		return -1;
	pthread_mutex_lock(&f->mu);
	f->space = space;
	f->open = true;
	pthread_mutex_unlock(&f->mu);
	if (space.view.mem_fd >= 0)
		say_passing(f, NULL);
	f->hash = hash_new(f->digest.alg);
	if (space_rehash(&f->space, landed, f->hash, e) != 0)
		return -1;
	pthread_mutex_lock(&f->mu);
	f->landed = landed;
	pthread_mutex_unlock(&f->mu);
	if (landed > 0) {
		metrics_add(f->home->resumed, (int64_t)landed);
		log_event(LOG_INFO, "flight.resumed", LS("digest", f->text),
			  LU("landed_bytes", landed));
	}
	return 0;
}

/* Proved bytes go under their final name. Failure harms nobody: the readers have them. */
static void store_it(struct flight *f)
{
	struct store *s = f->home->store;
	struct err e;
	int rc;

	if (f->space.view.mem_fd >= 0)
		return;
	rc = space_commit(&f->space, &e);
	if (rc == 0) {
		loose_end(s, &f->digest); /* others may have watched */
		rc = link_add(s, LINK_LAYER, &f->route.name, &f->digest, true, &e);
	}
	if (rc != 0)
		log_event(LOG_WARN, "flight.not_stored", LS("digest", f->text),
			  LS("error", e.msg));
	else
		log_event(LOG_DEBUG, "flight.stored", LS("digest", f->text),
			  LS("repository", f->route.name.s), LU("bytes", f->landed));
}

static int fill(struct flight *f, struct err *e)
{
	if ((f->landed == 0 || prove_found(f) != 0) && download(f, e) != 0)
		return -1;
	store_it(f);
	return 0;
}

int fill_run(struct flight *f, struct err *e)
{
	int rc;

	if (open_space(f, e) != 0)
		return -1;
	rc = fill(f, e);
	space_ended(&f->space); /* its readers may stay for long */
	return rc;
}
