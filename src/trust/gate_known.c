/*
 * gate_known.c - a map under a lock. When it is full, everything goes: it can be found
 * out again.
 */
#include "trust/gate_known.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "oci/manifest.h"

struct known {
	int64_t until_ms;
	bool yes;
	char why[]; /* with a NUL */
};

struct gate_known {
	pthread_mutex_t mu;
	struct map *map; /* guarded by mu; of struct known */
};

struct gate_known *gate_known_new(size_t limit)
{
	struct gate_known *k = mem_alloc(sizeof(*k));

	pthread_mutex_init(&k->mu, NULL);
	k->map = map_new(limit);
	return k;
}

void gate_known_free(struct gate_known *k)
{
	if (k == NULL)
		return;
	map_free(k->map, free);
	pthread_mutex_destroy(&k->mu);
	free(k);
}

static bool drop(void *value, void *arg)
{
	const struct known *one = value;
	const int64_t *now_ms = arg;

	if (now_ms != NULL && one->until_ms > *now_ms)
		return false;
	free(value);
	return true;
}

void gate_known_clear(struct gate_known *k)
{
	pthread_mutex_lock(&k->mu);
	map_sweep(k->map, drop, NULL);
	pthread_mutex_unlock(&k->mu);
}

void gate_known_key_text(gate_known_text out, const struct gate_known_key *key)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(key->digest, text);
	snprintf(out, sizeof(gate_known_text), "%lu %p%s %s@%s", key->serial, key->policy,
		 key->tool ? " tool" : "", key->name->s, text);
}

enum gate_known_answer gate_known_get(struct gate_known *k,
				      const struct gate_known_key *key, int64_t now_ms,
				      char *why, size_t n)
{
	enum gate_known_answer answer = GATE_UNKNOWN;
	const struct known *one;
	gate_known_text text;

	gate_known_key_text(text, key);
	why[0] = '\0';
	pthread_mutex_lock(&k->mu);
	one = map_get(k->map, text);
	if (one != NULL && one->until_ms > now_ms) {
		answer = one->yes ? GATE_YES : GATE_NO;
		snprintf(why, n, "%s", one->why);
	}
	pthread_mutex_unlock(&k->mu);
	return answer;
}

/* Under the lock; takes `one` over. */
static void put_locked(struct gate_known *k, const char *key, struct known *one)
{
	void *old = map_get(k->map, key);

	if (map_put(k->map, key, one) == 0) {
		free(old);
		return;
	}
	map_sweep(k->map, drop, NULL);
	if (map_put(k->map, key, one) != 0)
		free(one);
}

void gate_known_put(struct gate_known *k, const struct gate_known_key *key, bool yes,
		    const char *why, int64_t until_ms)
{
	size_t n = strlen(why) + 1;
	struct known *one = mem_alloc(sizeof(*one) + n);
	gate_known_text text;

	one->until_ms = until_ms;
	one->yes = yes;
	memcpy(one->why, why, n);
	gate_known_key_text(text, key);
	pthread_mutex_lock(&k->mu);
	put_locked(k, text, one);
	pthread_mutex_unlock(&k->mu);
}

void gate_known_put_all(struct gate_known *k, unsigned long serial,
			const struct reponame *name, const struct digest *d,
			struct view body, int64_t until_ms)
{
	struct gate_known_key key = { .serial = serial, .name = name, .digest = d };
	struct manifest m;
	size_t i;

	gate_known_put(k, &key, true, "", until_ms);
	if (manifest_parse(body, &m, NULL) != 0)
		return;
	for (i = 0;
	     m.kind == MANIFEST_INDEX && i < m.nchildren && i < GATE_KNOWN_CHILDREN;
	     i++) {
		key.digest = &m.child[i].digest;
		if (m.child[i].is_manifest)
			gate_known_put(k, &key, true, "", until_ms);
	}
	manifest_done(&m);
}
