/*
 * mcache.c - counted manifests and the least-recently-used cache of them.
 *
 * c->mu guards all fields of the cache; nothing is read or written on disk under it.
 */
#include "store/mcache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

#define CACHE_BYTES (3u << 20)
#define ENTRY_BYTES (128u << 10)
#define ENTRIES 4096

struct entry {
	struct stored *m;
	struct entry *newer, *older;
};

struct mcache {
	pthread_mutex_t mu;
	struct map *by_digest;
	struct entry *newest, *oldest;
	size_t bytes;
};

struct stored *stored_new(const struct digest *d, const char *media_type,
			  struct view body)
{
	struct stored *m = mem_alloc(sizeof(*m));

	atomic_init(&m->refs, 1);
	m->digest = *d;
	m->media_type = mem_dup(media_type);
	m->n = body.n;
	m->body = mem_dupn(body.p, body.n);
	return m;
}

struct stored *stored_ref(struct stored *m)
{
	atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
	return m;
}

void stored_unref(struct stored *m)
{
	if (m == NULL || atomic_fetch_sub(&m->refs, 1) != 1)
		return;
	free(m->media_type);
	free(m->body);
	free(m);
}

struct mcache *mcache_new(void)
{
	struct mcache *c = mem_alloc(sizeof(*c));

	pthread_mutex_init(&c->mu, NULL);
	c->by_digest = map_new(ENTRIES);
	return c;
}

static void detach(struct mcache *c, struct entry *en)
{
	*(en->newer ? &en->newer->older : &c->newest) = en->older;
	*(en->older ? &en->older->newer : &c->oldest) = en->newer;
	en->newer = en->older = NULL;
}

static void attach_newest(struct mcache *c, struct entry *en)
{
	en->older = c->newest;
	if (c->newest != NULL)
		c->newest->newer = en;
	else
		c->oldest = en;
	c->newest = en;
}

static void drop(struct mcache *c, struct entry *en)
{
	char key[DIGEST_TEXT_MAX];

	digest_text(&en->m->digest, key);
	map_del(c->by_digest, key);
	detach(c, en);
	c->bytes -= en->m->n;
	stored_unref(en->m);
	free(en);
}

void mcache_free(struct mcache *c)
{
	if (c == NULL)
		return;
	while (c->oldest != NULL)
		drop(c, c->oldest);
	map_free(c->by_digest, NULL);
	pthread_mutex_destroy(&c->mu);
	free(c);
}

struct stored *mcache_get(struct mcache *c, const struct digest *d)
{
	char key[DIGEST_TEXT_MAX];
	struct stored *m = NULL;
	struct entry *en;

	digest_text(d, key);
	pthread_mutex_lock(&c->mu);
	en = map_get(c->by_digest, key);
	if (en != NULL) {
		m = stored_ref(en->m);
		if (en != c->newest) {
			detach(c, en);
			attach_newest(c, en);
		}
	}
	pthread_mutex_unlock(&c->mu);
	return m;
}

void mcache_put(struct mcache *c, struct stored *m)
{
	char key[DIGEST_TEXT_MAX];
	struct entry *en;

	if (m->n > ENTRY_BYTES)
		return;
	digest_text(&m->digest, key);
	pthread_mutex_lock(&c->mu);
	en = map_get(c->by_digest, key);
	if (en != NULL)
		drop(c, en);
	while (c->oldest != NULL &&
	       (c->bytes + m->n > CACHE_BYTES || map_count(c->by_digest) >= ENTRIES))
		drop(c, c->oldest);
	en = mem_alloc(sizeof(*en));
	en->m = stored_ref(m);
	map_put(c->by_digest, key, en);
	attach_newest(c, en);
	c->bytes += m->n;
	pthread_mutex_unlock(&c->mu);
}
