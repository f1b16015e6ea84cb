/*
 * tagstate.c - the in-memory side of tag freshness, over store/tag.h.
 *
 * t->mu guards the map.  At the limit the map is emptied: all it holds can be read again.
 */
#include "mirror/tagstate.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/history.h"
#include "store/tag.h"

#define LIMIT 16384
#define SETTLED_MAX 4	/* platforms */
#define SETTLED_TEXT 20 /* "windows/amd64" */

struct known {
	struct tagstate state;
	bool unsaved;
	/* As long as it is at that digest. */
	char settled[SETTLED_MAX][SETTLED_TEXT];
	unsigned n_settled;
};

struct tagstates {
	pthread_mutex_t mu;
	struct map *by_tag;
	struct store *store;
};

typedef char tag_key[NAME_MAX_BYTES + TAG_MAX_BYTES + 2];

static void make_key(tag_key key, const struct reponame *name, const char *tag)
{
	snprintf(key, sizeof(tag_key), "%s:%s", name->s, tag);
}

struct tagstates *tagstates_new(struct store *s)
{
	struct tagstates *t = mem_alloc(sizeof(*t));

	pthread_mutex_init(&t->mu, NULL);
	t->by_tag = map_new(LIMIT);
	t->store = s;
	return t;
}

void tagstates_free(struct tagstates *t)
{
	if (t == NULL)
		return;
	map_free(t->by_tag, free);
	pthread_mutex_destroy(&t->mu);
	free(t);
}

static bool drop_all(void *value, void *arg)
{
	(void)arg;
	free(value);
	return true;
}

static bool same(const struct known *a, const struct known *b)
{
	return a->state.checked_wall_ms == b->state.checked_wall_ms &&
	       a->state.checked_mono_ms == b->state.checked_mono_ms &&
	       a->unsaved == b->unsaved &&
	       digest_equal(&a->state.digest, &b->state.digest);
}

/* With `instead` only in the place of that: who has read the disk may be late, and what
 * a check has just found stays. */
static void remember(struct tagstates *t, const char *key, const struct known *k,
		     const struct known *instead)
{
	struct known *have, had;

	pthread_mutex_lock(&t->mu);
	have = map_get(t->by_tag, key);
	if (have != NULL && instead != NULL && !same(have, instead)) {
		pthread_mutex_unlock(&t->mu);
		return;
	}
	if (have == NULL) {
		if (map_count(t->by_tag) >= LIMIT)
			map_sweep(t->by_tag, drop_all, NULL);
		have = mem_alloc(sizeof(*have));
		map_put(t->by_tag, key, have);
	}
	had = *have;
	*have = *k;
	if (digest_equal(&had.state.digest, &k->state.digest)) {
		memcpy(have->settled, had.settled, sizeof(had.settled));
		have->n_settled = had.n_settled;
	}
	pthread_mutex_unlock(&t->mu);
}

static bool recall(struct tagstates *t, const char *key, struct known *out)
{
	struct known *have;

	pthread_mutex_lock(&t->mu);
	have = map_get(t->by_tag, key);
	if (have != NULL)
		*out = *have;
	pthread_mutex_unlock(&t->mu);
	return have != NULL;
}

bool tagstate_get(struct tagstates *t, const struct reponame *name, const char *tag,
		  struct tagstate *out)
{
	struct known k = { 0 }, had;
	struct digest on_disk, noted;
	bool in_memory;
	tag_key key;

	make_key(key, name, tag);
	in_memory = recall(t, key, &k);
	if (tag_get(t->store, name, tag, &on_disk, NULL) != 0) {
		if (!in_memory || !k.unsaved)
			return false;
		*out = k.state;
		return true;
	}
	if (in_memory && (k.unsaved || digest_equal(&k.state.digest, &on_disk))) {
		*out = k.state;
		return true;
	}
	had = k;
	k = (struct known){ .state.digest = on_disk };
	if (tag_check_get(t->store, name, tag, &noted, &k.state.checked_wall_ms, NULL) !=
		    0 ||
	    !digest_equal(&noted, &on_disk))
		k.state.checked_wall_ms = 0;
	remember(t, key, &k, &had);
	*out = k.state;
	return true;
}

/* On disk, unless it is there already. False: the disk refused. */
static bool move(struct tagstates *t, const struct reponame *name, const char *tag,
		 const struct digest *d, const char *from)
{
	struct digest was;
	struct err e;

	if ((tag_get(t->store, name, tag, &was, NULL) == 0 && digest_equal(&was, d)) ||
	    history_set(t->store, name, tag, d, clock_wall_ms(), from, &e) == 0)
		return true;
	log_event(LOG_WARN, "tag.not_stored", LS("repository", name->s), LS("tag", tag),
		  LS("error", e.msg));
	return false;
}

void tagstate_locked(struct tagstates *t, const struct reponame *name, const char *tag,
		     const struct digest *d, bool unsaved)
{
	struct known k = { .state = { .digest = *d } };
	tag_key key;

	make_key(key, name, tag);
	k.unsaved = unsaved || !move(t, name, tag, d, HISTORY_LOCK);
	remember(t, key, &k, NULL);
}

bool tagstate_is_fresh(const struct tagstate *s, struct tag_policy policy,
		       int64_t since_ms, bool must_check)
{
	int64_t age_ms = clock_wall_ms() - s->checked_wall_ms;

	if (policy.rule == TAG_PINNED)
		return true;
	if (s->checked_mono_ms != 0 && s->checked_mono_ms >= since_ms)
		return true; /* checked since the request came */
	if (must_check || policy.rule == TAG_ALWAYS || s->checked_wall_ms == 0)
		return false;
	return age_ms < policy.age_ms && age_ms > -policy.age_ms; /* the clock may jump */
}

void tagstate_checked(struct tagstates *t, const struct reponame *name, const char *tag,
		      const struct tagstate *now, bool unsaved, const char *host)
{
	struct known k = { .state = *now };
	struct err e;
	tag_key key;

	make_key(key, name, tag);
	k.state.checked_mono_ms = clock_mono_ms();
	k.unsaved = unsaved || !move(t, name, tag, &now->digest, host);
	if (!k.unsaved && tag_check_set(t->store, name, tag, &now->digest,
					now->checked_wall_ms, &e) != 0)
		log_event(LOG_WARN, "tag.check_not_noted", LS("repository", name->s),
			  LS("tag", tag), LS("error", e.msg));
	remember(t, key, &k, NULL);
}

/* False: too long to be noted. */
static bool settled_text(const struct platform *p, char out[SETTLED_TEXT])
{
	char text[100] = "";

	if (p->os[0] != '\0')
		platform_text(p, text);
	return snprintf(out, SETTLED_TEXT, "%s", text) < SETTLED_TEXT;
}

/* With the lock held: what is known of it at that digest. */
static struct known *known_at(struct tagstates *t, const char *key,
			      const struct digest *d)
{
	struct known *have = map_get(t->by_tag, key);

	return have != NULL && digest_equal(&have->state.digest, d) ? have : NULL;
}

static bool has_settled(const struct known *k, const char *text)
{
	unsigned i;

	for (i = 0; i < k->n_settled; i++)
		if (strcmp(k->settled[i], text) == 0)
			return true;
	return false;
}

bool tagstate_is_settled(struct tagstates *t, const struct reponame *name,
			 const char *tag, const struct digest *d,
			 const struct platform *wanted)
{
	const struct known *have;
	char text[SETTLED_TEXT];
	tag_key key;
	bool yes;

	if (!settled_text(wanted, text))
		return false;
	make_key(key, name, tag);
	pthread_mutex_lock(&t->mu);
	have = known_at(t, key, d);
	yes = have != NULL && has_settled(have, text);
	pthread_mutex_unlock(&t->mu);
	return yes;
}

void tagstate_settle(struct tagstates *t, const struct reponame *name, const char *tag,
		     const struct digest *d, const struct platform *wanted)
{
	struct known *have;
	char text[SETTLED_TEXT];
	tag_key key;

	if (!settled_text(wanted, text))
		return;
	make_key(key, name, tag);
	pthread_mutex_lock(&t->mu);
	have = known_at(t, key, d);
	if (have != NULL && have->n_settled < SETTLED_MAX && !has_settled(have, text))
		memcpy(have->settled[have->n_settled++], text, sizeof(text));
	pthread_mutex_unlock(&t->mu);
}
