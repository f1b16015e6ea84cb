/*
 * overflow.c - a small map; o->mu guards all of it.
 */
#include "mirror/overflow.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"

#define LIMIT_BYTES (16u << 20)
#define LIMIT_ENTRIES 1024

struct overflow {
	pthread_mutex_t mu;
	struct map *by_key;
	size_t bytes;
};

typedef char key_text[NAME_MAX_BYTES + DIGEST_TEXT_MAX + 2];

static void make_key(key_text key, const struct reponame *name, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	snprintf(key, sizeof(key_text), "%s@%s", name->s, text);
}

struct overflow *overflow_new(void)
{
	struct overflow *o = mem_alloc(sizeof(*o));

	pthread_mutex_init(&o->mu, NULL);
	o->by_key = map_new(LIMIT_ENTRIES);
	return o;
}

static bool drop(void *value, void *arg)
{
	(void)arg;
	stored_unref(value);
	return true;
}

void overflow_free(struct overflow *o)
{
	if (o == NULL)
		return;
	map_sweep(o->by_key, drop, NULL);
	map_free(o->by_key, NULL);
	pthread_mutex_destroy(&o->mu);
	free(o);
}

void overflow_put(struct overflow *o, const struct reponame *name, struct stored *m)
{
	key_text key;

	make_key(key, name, &m->digest);
	pthread_mutex_lock(&o->mu);
	if (map_get(o->by_key, key) == NULL) {
		if (o->bytes + m->n > LIMIT_BYTES ||
		    map_count(o->by_key) >= LIMIT_ENTRIES) {
			map_sweep(o->by_key, drop, NULL);
			o->bytes = 0;
		}
		map_put(o->by_key, key, stored_ref(m));
		o->bytes += m->n;
	}
	pthread_mutex_unlock(&o->mu);
}

struct stored *overflow_get(struct overflow *o, const struct reponame *name,
			    const struct digest *d)
{
	struct stored *m;
	key_text key;

	make_key(key, name, d);
	pthread_mutex_lock(&o->mu);
	m = map_get(o->by_key, key);
	if (m != NULL)
		stored_ref(m);
	pthread_mutex_unlock(&o->mu);
	return m;
}
