/*
 * loose.c - a map from digests to lists of names; l->mu guards it, and is not held while
 * links are made.
 */
#include "store/loose.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/keep.h"
#include "store/link.h"

struct loose {
	pthread_mutex_t mu;
	struct map *by_digest; /* to struct names */
};

struct names {
	size_t n;
	struct reponame *name;
};

static void names_free(struct names *x)
{
	if (x == NULL)
		return;
	free(x->name);
	free(x);
}

static void free_any(void *x)
{
	names_free(x);
}

static bool drop_any(void *x, void *arg)
{
	names_free(x);
	return true;
}

struct loose *loose_new(void)
{
	struct loose *l = mem_alloc(sizeof(*l));

	pthread_mutex_init(&l->mu, NULL);
	l->by_digest = map_new(LOOSE_MAX);
	return l;
}

void loose_free(struct loose *l)
{
	if (l == NULL)
		return;
	map_free(l->by_digest, free_any);
	pthread_mutex_destroy(&l->mu);
	free(l);
}

static size_t place_of(const struct names *x, const struct reponame *name)
{
	size_t i;

	for (i = 0; i < x->n && strcmp(x->name[i].s, name->s) != 0;)
		i++;
	return i;
}

static void note(struct store *s, const struct reponame *name, const struct digest *d)
{
	struct loose *l = s->loose;
	char key[DIGEST_TEXT_MAX];
	struct names *x;

	digest_text(d, key);
	pthread_mutex_lock(&l->mu);
	x = map_get(l->by_digest, key);
	if (x == NULL) {
		if (map_count(l->by_digest) >= LOOSE_MAX)
			map_sweep(l->by_digest, drop_any, NULL);
		x = mem_alloc(sizeof(*x));
		map_put(l->by_digest, key, x);
	}
	if (x->n < LOOSE_NAMES_MAX && place_of(x, name) == x->n) {
		x->name = mem_grow(x->name, (x->n + 1) * sizeof(*x->name));
		x->name[x->n++] = *name;
	}
	pthread_mutex_unlock(&l->mu);
}

static void forget(struct store *s, const struct reponame *name, const struct digest *d)
{
	struct loose *l = s->loose;
	char key[DIGEST_TEXT_MAX];
	struct names *x;
	size_t i;

	digest_text(d, key);
	pthread_mutex_lock(&l->mu);
	x = map_get(l->by_digest, key);
	i = x != NULL ? place_of(x, name) : 0;
	if (x != NULL && i < x->n)
		x->name[i] = x->name[--x->n];
	if (x != NULL && x->n == 0)
		names_free(map_del(l->by_digest, key));
	pthread_mutex_unlock(&l->mu);
}

/* Noted before it is looked for: else it might come between. */
int loose_link(struct store *s, const struct reponame *name, const struct digest *d,
	       struct err *e)
{
	bool here;

	note(s, name, d);
	here = keep_blob(s, d);
	if (here)
		forget(s, name, d);
	return link_add(s, LINK_LAYER, name, d, here, e);
}

static void make_last(struct store *s, const struct reponame *name,
		      const struct digest *d, const char *text)
{
	struct err e;

	if (link_exists(s, LINK_LAYER, name, d) &&
	    link_add(s, LINK_LAYER, name, d, true, &e) != 0)
		log_event(LOG_WARN, "store.link_may_not_last", LS("repository", name->s),
			  LS("digest", text), LS("error", e.msg));
}

void loose_end(struct store *s, const struct digest *d)
{
	struct loose *l = s->loose;
	char key[DIGEST_TEXT_MAX];
	struct names *x;
	size_t i;

	digest_text(d, key);
	pthread_mutex_lock(&l->mu);
	x = map_del(l->by_digest, key);
	pthread_mutex_unlock(&l->mu);
	for (i = 0; x != NULL && i < x->n; i++)
		make_last(s, &x->name[i], d, key);
	names_free(x);
}
