/*
 * import_keep.c - a thread that touches what an import has brought, while its images have
 * no names yet.
 *
 * Where a store has a size, an eviction takes what nobody names and what was not kept
 * within KEEP_LEAST_MS; an import names its images at the end. Looking at many blobs
 * takes a while: then they are looked at as often as a quarter of a core allows.
 */
#include "carry/import_impl.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/keep.h"

#define EVERY_MS (KEEP_LEAST_MS / 4)

struct import_keeper {
	const struct import_job *job; /* what it names does not change */
	pthread_t id;
	pthread_mutex_t mu;
	pthread_cond_t moved;
	bool stopping; /* guarded by mu */
};

static void touch_all(const struct import_job *job)
{
	size_t i, k;

	for (i = 0; i < job->n; i++)
		for (k = 0; k < job->image[i].nblobs; k++)
			keep_blob(job->store, &job->image[i].blob[k].digest);
}

static void *work(void *arg)
{
	struct import_keeper *k = arg;
	int64_t began_ms, took_ms, until_ms;
	struct timespec until;

	pthread_mutex_lock(&k->mu);
	while (!k->stopping) {
		pthread_mutex_unlock(&k->mu);
		began_ms = clock_mono_ms();
		touch_all(k->job);
		took_ms = clock_mono_ms() - began_ms;
		until_ms = clock_mono_ms() +
			   (took_ms * 3 > EVERY_MS ? took_ms * 3 : EVERY_MS);
		until.tv_sec = until_ms / 1000;
		until.tv_nsec = until_ms % 1000 * 1000000;
		pthread_mutex_lock(&k->mu);
		while (!k->stopping && clock_mono_ms() < until_ms)
			pthread_cond_timedwait(&k->moved, &k->mu, &until);
	}
	pthread_mutex_unlock(&k->mu);
	return NULL;
}

static void keeper_free(struct import_keeper *k)
{
	pthread_cond_destroy(&k->moved);
	pthread_mutex_destroy(&k->mu);
	free(k);
}

struct import_keeper *import_keep(const struct import_job *job)
{
	struct import_keeper *k = mem_alloc(sizeof(*k));
	pthread_condattr_t attr;

	k->job = job;
	pthread_mutex_init(&k->mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&k->moved, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&k->id, NULL, work, k) == 0)
		return k;
	log_event(LOG_WARN, "import.not_kept", LS("error", "no thread to be had"));
	keeper_free(k);
	return NULL;
}

void import_keep_end(struct import_keeper *k)
{
	if (k == NULL)
		return;
	pthread_mutex_lock(&k->mu);
	k->stopping = true;
	pthread_cond_signal(&k->moved);
	pthread_mutex_unlock(&k->mu);
	pthread_join(k->id, NULL);
	keeper_free(k);
}
