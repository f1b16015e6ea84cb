/*
 * sizes.c - a map from digests to sizes; s->mu guards it.
 */
#include "mirror/sizes.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"

#define LIMIT 16384

struct sizes {
	pthread_mutex_t mu;
	struct map *by_digest; /* to struct size on the heap */
};

struct size {
	uint64_t bytes;
	bool proved;
};

struct sizes *sizes_new(void)
{
	struct sizes *s = mem_alloc(sizeof(*s));

	pthread_mutex_init(&s->mu, NULL);
	s->by_digest = map_new(LIMIT);
	return s;
}

void sizes_free(struct sizes *s)
{
	if (s == NULL)
		return;
	map_free(s->by_digest, free);
	pthread_mutex_destroy(&s->mu);
	free(s);
}

static bool drop(void *value, void *arg)
{
	(void)arg;
	free(value);
	return true;
}

/* With the lock held. */
static struct size *entry(struct sizes *s, const struct digest *d)
{
	char key[DIGEST_TEXT_MAX];
	struct size *size;

	digest_text(d, key);
	size = map_get(s->by_digest, key);
	if (size == NULL) {
		if (map_count(s->by_digest) >= LIMIT)
			map_sweep(s->by_digest, drop, NULL);
		size = mem_alloc(sizeof(*size));
		map_put(s->by_digest, key, size);
	}
	return size;
}

/* With the lock held. The larger of two claims stands: it is a bound. */
static void note(struct sizes *s, const struct child *c)
{
	struct size *size = entry(s, &c->digest);

	if (!size->proved && size->bytes < c->size)
		size->bytes = c->size;
}

void sizes_proved(struct sizes *s, const struct digest *d, uint64_t size)
{
	pthread_mutex_lock(&s->mu);
	*entry(s, d) = (struct size){ size, true };
	pthread_mutex_unlock(&s->mu);
}

bool sizes_has(struct sizes *s, const struct digest *manifest)
{
	char key[DIGEST_TEXT_MAX];
	bool has;

	digest_text(manifest, key);
	pthread_mutex_lock(&s->mu);
	has = map_get(s->by_digest, key) != NULL;
	pthread_mutex_unlock(&s->mu);
	return has;
}

void sizes_note(struct sizes *s, const struct manifest *m)
{
	size_t i;

	pthread_mutex_lock(&s->mu);
	for (i = 0; i < m->nchildren; i++)
		if (!m->child[i].is_manifest)
			note(s, &m->child[i]);
	pthread_mutex_unlock(&s->mu);
}

uint64_t sizes_get(struct sizes *s, const struct digest *d, uint64_t otherwise)
{
	char key[DIGEST_TEXT_MAX];
	const struct size *size;

	digest_text(d, key);
	pthread_mutex_lock(&s->mu);
	size = map_get(s->by_digest, key);
	if (size != NULL)
		otherwise = size->bytes;
	pthread_mutex_unlock(&s->mu);
	return otherwise;
}
