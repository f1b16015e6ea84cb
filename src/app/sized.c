/*
 * sized.c - settings for mirror/evict.h. z->mu guards the copy of what they say.
 */
#include "app/sized.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "app/listed.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/census.h"
#include "store/room.h"

struct sized {
	struct store *store;
	char **env;
	struct evict *evict;
	pthread_mutex_t mu;
	/* guarded by mu */
	struct setting_size size, low;
	int64_t grace_ms;
	char *images;
};

static uint64_t part_of(uint64_t whole, unsigned percent)
{
	return whole / 100 * percent + whole % 100 * percent / 100;
}

static struct evict_marks marks_of(const struct setting_size *size,
				   const struct setting_size *low, struct store *s)
{
	struct evict_marks m = { .limit = size->bytes };
	struct statvfs vfs;

	if (size->percent != 0 && fstatvfs(s->dirfd, &vfs) == 0)
		m.limit = part_of((uint64_t)vfs.f_blocks * vfs.f_frsize, size->percent);
	m.low = low->percent != 0      ? part_of(m.limit, low->percent)
		: low->bytes < m.limit ? low->bytes
				       : m.limit / 10 * 9;
	return m;
}

struct evict_marks sized_marks(const struct settings *set, struct store *s)
{
	return marks_of(&set->size, &set->size_low, s);
}

static struct evict_marks marks(void *arg)
{
	struct sized *z = arg;
	struct setting_size size, low;

	pthread_mutex_lock(&z->mu);
	size = z->size;
	low = z->low;
	pthread_mutex_unlock(&z->mu);
	return marks_of(&size, &low, z->store);
}

static int64_t grace_ms(void *arg)
{
	struct sized *z = arg;
	int64_t ms;

	pthread_mutex_lock(&z->mu);
	ms = z->grace_ms;
	pthread_mutex_unlock(&z->mu);
	return ms;
}

static void *list_open(void *arg, struct plan *plan, struct err *e)
{
	struct sized *z = arg;
	CLEANUP(mem_freep)
	char *path = NULL;

	pthread_mutex_lock(&z->mu);
	if (z->images != NULL)
		path = mem_dup(z->images);
	pthread_mutex_unlock(&z->mu);
	return listed_load(path, plan, z->env, e);
}

static void list_close(void *list)
{
	listed_free(list);
}

static void warn(const struct sized *z)
{
	struct statvfs vfs;

	if (fstatvfs(z->store->dirfd, &vfs) == 0 &&
	    z->size.bytes > (uint64_t)vfs.f_blocks * vfs.f_frsize)
		log_event(LOG_WARN, "size.more_than_disk", LU("size", z->size.bytes),
			  LU("disk", (uint64_t)vfs.f_blocks * vfs.f_frsize),
			  LS("what",
			     "the disk fills before larder.size is near; lower it, "
			     "or say it in per cent"));
}

static void copy(struct sized *z, const struct settings *set)
{
	pthread_mutex_lock(&z->mu);
	z->size = set->size;
	z->low = set->size_low;
	z->grace_ms = set->grace_ms;
	free(z->images);
	z->images = set->images != NULL ? mem_dup(set->images) : NULL;
	pthread_mutex_unlock(&z->mu);
}

struct sized *sized_start(struct store *s, struct mirror *m, struct usage *usage,
			  const struct settings *set, char **env)
{
	struct sized *z = mem_alloc(sizeof(*z));
	struct evict_ask ask = {
		.store = s,
		.mirror = m,
		.usage = usage,
		.marks = marks,
		.list_open = list_open,
		.list_has = listed_has,
		.list_close = list_close,
		.grace_ms = grace_ms,
		.arg = z,
	};

	z->store = s;
	z->env = env;
	pthread_mutex_init(&z->mu, NULL);
	copy(z, set);
	warn(z);
	z->evict = evict_start(&ask);
	return z;
}

struct sized *sized_start_command(struct store *s, struct mirror *m,
				  const struct settings *set, char **env)
{
	struct err e;

	if (set->size.bytes == 0 && set->size.percent == 0)
		return NULL;
	if (room_known(s) == ROOM_NOT_COUNTED && census_run(s, NULL, NULL, &e) != 0)
		log_event(LOG_ERROR, "store.not_counted", LS("error", e.msg));
	return sized_start(s, m, NULL, set, env);
}

void sized_set(struct sized *z, const struct settings *set)
{
	if (z == NULL)
		return;
	copy(z, set);
	warn(z);
	evict_look(z->evict);
}

void sized_stop(struct sized *z)
{
	if (z == NULL)
		return;
	evict_stop(z->evict);
	pthread_mutex_destroy(&z->mu);
	free(z->images);
	free(z);
}
