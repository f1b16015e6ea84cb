/*
 * map.c - chained hash map; FNV-1a with a per-process seed, so that peers cannot choose
 * colliding keys.  Entries stay in their chain until deleted; the table only grows.
 */
#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"

struct entry {
	struct entry *next;
	void *value;
	uint64_t hash;
	char key[];
};

struct map {
	struct entry **slot;
	size_t slots; /* power of two */
	size_t count;
	size_t limit;
	uint64_t seed;
};

struct map *map_new(size_t limit)
{
	struct map *m = mem_alloc(sizeof(*m));

	m->slots = 16;
	m->slot = mem_alloc(m->slots * sizeof(*m->slot));
	m->limit = limit;
	if (getrandom(&m->seed, sizeof(m->seed), GRND_NONBLOCK) < 0)
		m->seed = (uint64_t)(uintptr_t)m;
	return m;
}

void map_free(struct map *m, void (*each)(void *value))
{
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < m->slots; i++) {
		struct entry *e = m->slot[i], *next;

		for (; e != NULL; e = next) {
			next = e->next;
			if (each != NULL)
				each(e->value);
			free(e);
		}
	}
	free(m->slot);
	free(m);
}

static uint64_t hash_key(const struct map *m, const char *key)
{
	uint64_t h = 0xcbf29ce484222325u ^ m->seed;

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 0x100000001b3u;
	return h ^ (h >> 29);
}

/* The link that points at the key's entry, or at the NULL where it would go. */
static struct entry **find(const struct map *m, const char *key, uint64_t hash)
{
	struct entry **at = &m->slot[hash & (m->slots - 1)];

	while (*at != NULL && ((*at)->hash != hash || strcmp((*at)->key, key) != 0))
		at = &(*at)->next;
	return at;
}

static void grow(struct map *m)
{
	size_t old = m->slots, i;
	struct entry **was = m->slot;

	m->slots = old * 2;
	m->slot = mem_alloc(m->slots * sizeof(*m->slot));
	for (i = 0; i < old; i++) {
		struct entry *e = was[i], *next;

		for (; e != NULL; e = next) {
			next = e->next;
			e->next = m->slot[e->hash & (m->slots - 1)];
			m->slot[e->hash & (m->slots - 1)] = e;
		}
	}
	free(was);
}

void *map_get(const struct map *m, const char *key)
{
	struct entry *e = *find(m, key, hash_key(m, key));

	return e ? e->value : NULL;
}

int map_put(struct map *m, const char *key, void *value)
{
	uint64_t hash = hash_key(m, key);
	struct entry **at = find(m, key, hash), *e;
	size_t n = strlen(key) + 1;

	if (*at != NULL) {
		(*at)->value = value;
		return 0;
	}
	if (m->count >= m->limit)
		return -1;
	e = mem_alloc(sizeof(*e) + n);
	memcpy(e->key, key, n);
	e->hash = hash;
	e->value = value;
	*at = e;
	if (++m->count > m->slots)
		grow(m);
	return 0;
}

void *map_del(struct map *m, const char *key)
{
	struct entry **at = find(m, key, hash_key(m, key)), *e = *at;
	void *value;

	if (e == NULL)
		return NULL;
	*at = e->next;
	value = e->value;
	free(e);
	m->count--;
	return value;
}

size_t map_count(const struct map *m)
{
	return m->count;
}

void map_sweep(struct map *m, bool (*drop)(void *value, void *arg), void *arg)
{
	size_t i;

	for (i = 0; i < m->slots; i++) {
		struct entry **at = &m->slot[i], *e;

		while ((e = *at) != NULL) {
			if (drop(e->value, arg)) {
				*at = e->next;
				free(e);
				m->count--;
			} else {
				at = &e->next;
			}
		}
	}
}
