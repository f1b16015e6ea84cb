/*
 * batch.c - workers that take images from a list, one after the other.
 *
 * run->mu guards next, over and cancelled. What is known of an image is its worker's
 * until its phase says BATCH_OVER.
 */
#include "mirror/batch.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/pool.h"
#include "mirror/named.h"
#include "mirror/via.h"

struct batch_run {
	pthread_mutex_t mu;
	pthread_cond_t moved;
	size_t next, over;
	bool cancelled;
	struct pool *pool;
};

const char *batch_result_word(enum batch_result r)
{
	static const char *const words[] = { "none",  "new",  "moved", "current",
					     "stale", "done", "failed" };

	return words[r];
}

static int find_route(struct batch *b, struct batch_image *im, struct err *e)
{
	if (named_route(b->plan, &im->image, &im->route, e) != 0)
		return -1;
	if (im->route.site == NULL)
		return err_set(e, ERR_INVALID,
			       "%s lives here (larder.local): there is nothing to pull",
			       im->route.name.s);
	return 0;
}

static enum batch_result result_of(bool had, const struct digest *before,
				   const struct digest *now, bool complete)
{
	if (had && !digest_equal(before, now))
		return BATCH_MOVED;
	return complete ? BATCH_CURRENT : BATCH_NEW;
}

static int look(struct batch *b, struct batch_image *im, const struct warm_wish *wish,
		struct err *e)
{
	struct reference ref = imageref_reference(&im->image);
	struct warm_look found;

	if (warm_look(b->mirror, &im->route, &ref, wish, b->who, &found, e) != 0)
		return -1;
	im->done = (struct warm_done){ .had = found.had,
				       .before = found.before,
				       .digest = found.digest,
				       .lock = found.lock,
				       .complete = found.complete };
	im->result = result_of(found.had, &found.before, &found.digest, found.complete);
	return 0;
}

/* The name by which any larder knows it: with its host in front. */
static int bring_via(struct batch *b, struct batch_image *im,
		     const struct warm_wish *wish, struct err *e)
{
	struct reference ref = imageref_reference(&im->image);
	const struct lockfile_entry *lock = route_lock(&im->route, ref.tag);
	char text[sizeof(im->route.site->host) + NAME_MAX_BYTES + 2];
	struct reponame name;

	snprintf(text, sizeof(text), "%s/%s", im->route.site->host, im->route.remote.s);
	if (lock != NULL)
		ref = (struct reference){ .is_digest = true,
					  .digest = lock->image.digest };
	if (reponame_parse(view_of(text), &name, e) != 0 ||
	    via_image(b->via, &name, &ref, wish, &im->progress, &im->done, e) != 0)
		return -1;
	im->result = BATCH_DONE;
	return 0;
}

static int bring(struct batch *b, struct batch_image *im, const struct warm_wish *wish,
		 struct err *e)
{
	struct reference ref = imageref_reference(&im->image);

	if (warm_image(b->mirror, &im->route, &ref, wish, b->who, &im->progress,
		       &im->done, e) != 0)
		return -1;
	im->result = im->done.stale ? BATCH_STALE
				    : result_of(im->done.had, &im->done.before,
						&im->done.digest, im->done.complete);
	if (im->done.stale)
		im->err = im->done.why;
	if (b->hand == NULL)
		return 0;
	atomic_store(&im->phase, BATCH_HANDING);
	return b->hand(b->arg, im, &im->handed, e);
}

static void run_image(struct batch *b, struct batch_image *im)
{
	struct warm_wish wish = { im->platform, im->nplatforms, im->as_locked };
	int64_t began_ms = clock_mono_ms();
	struct err e;
	int rc;

	atomic_store(&im->phase, BATCH_FETCHING);
	rc = find_route(b, im, &e);
	if (rc == 0 && b->work != NULL)
		rc = b->work(b->arg, im, &e);
	else if (rc == 0 && b->look)
		rc = look(b, im, &wish, &e);
	else if (rc == 0 && b->via != NULL)
		rc = bring_via(b, im, &wish, &e);
	else if (rc == 0)
		rc = bring(b, im, &wish, &e);
	if (rc != 0 && e.kind == ERR_CANCELLED)
		err_set(&e, ERR_CANCELLED, "interrupted");
	if (rc != 0) {
		im->result = BATCH_FAILED;
		im->err = e;
	}
	im->took_ms = clock_mono_ms() - began_ms;
}

static struct batch_image *take(struct batch *b, bool *cancelled)
{
	struct batch_image *im = NULL;

	pthread_mutex_lock(&b->run->mu);
	if (b->run->next < b->n)
		im = b->image[b->run->next++];
	*cancelled = b->run->cancelled;
	pthread_mutex_unlock(&b->run->mu);
	return im;
}

/* Whoever looks may look at all of it from here on. */
static void end_image(struct batch *b, struct batch_image *im)
{
	atomic_store(&im->phase, BATCH_OVER);
	pthread_mutex_lock(&b->run->mu);
	b->run->over++;
	pthread_cond_signal(&b->run->moved);
	pthread_mutex_unlock(&b->run->mu);
}

static void work(void *arg)
{
	struct batch *b = arg;
	struct batch_image *im;
	bool cancelled;

	while ((im = take(b, &cancelled)) != NULL) {
		if (cancelled) {
			im->result = BATCH_FAILED;
			err_set(&im->err, ERR_CANCELLED, "not begun");
		} else {
			run_image(b, im);
		}
		end_image(b, im);
	}
}

/* Nobody will do the work. */
static void give_up(struct batch *b, const struct err *why)
{
	struct batch_image *im;
	bool cancelled;

	while ((im = take(b, &cancelled)) != NULL) {
		im->result = BATCH_FAILED;
		im->err = *why;
		end_image(b, im);
	}
}

void batch_start(struct batch *b)
{
	unsigned i, workers = b->at_once < b->n ? b->at_once : (unsigned)b->n, n = 0;
	struct err e;
	struct batch_run *run = mem_alloc(sizeof(*run));
	pthread_condattr_t attr;

	pthread_mutex_init(&run->mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&run->moved, &attr);
	pthread_condattr_destroy(&attr);
	b->run = run;
	run->pool = pool_new("batch", BATCH_MAX_AT_ONCE, BATCH_MAX_AT_ONCE);
	for (i = 0; i < workers; i++)
		n += pool_submit(run->pool, work, b, &e) == 0;
	if (n == 0 && workers > 0)
		give_up(b, &e);
}

bool batch_wait(struct batch *b, int64_t ms)
{
	int64_t until_ms = clock_mono_ms() + ms;
	struct timespec until = { .tv_sec = until_ms / 1000,
				  .tv_nsec = until_ms % 1000 * 1000000 };
	bool over;

	pthread_mutex_lock(&b->run->mu);
	while (!(over = b->run->over == b->n)) {
		if (ms < 0)
			pthread_cond_wait(&b->run->moved, &b->run->mu);
		else if (pthread_cond_timedwait(&b->run->moved, &b->run->mu, &until) ==
			 ETIMEDOUT)
			break;
	}
	pthread_mutex_unlock(&b->run->mu);
	return over;
}

void batch_cancel(struct batch *b)
{
	pthread_mutex_lock(&b->run->mu);
	b->run->cancelled = true;
	pthread_mutex_unlock(&b->run->mu);
}

void batch_end(struct batch *b)
{
	size_t i;

	pool_stop(b->run->pool);
	for (i = 0; i < b->n; i++)
		route_done(&b->image[i]->route);
	pthread_cond_destroy(&b->run->moved);
	pthread_mutex_destroy(&b->run->mu);
	free(TAKE(b->run));
}
