/*
 * marks.c - open addressing with linear probing, at most three quarters full.
 *
 * Where a digest goes depends on a random number, so that nobody can push digests that
 * all go to one place.
 */
#include "store/marks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/mem.h"

#define FIRST_SLOTS 1024

struct key {
	uint64_t a, b; /* both zero: none */
};

struct marks {
	struct key *slot;
	size_t nslots, most_slots; /* powers of two */
	size_t n;
	uint32_t from, to;
	uint64_t salt;
};

struct marks *marks_new(size_t max_bytes)
{
	struct marks *m = mem_alloc(sizeof(*m));

	if (getrandom(&m->salt, sizeof(m->salt), GRND_NONBLOCK) < 0)
		m->salt = (uint64_t)clock_mono_ms();
	m->salt |= 1;
	for (m->most_slots = FIRST_SLOTS;
	     m->most_slots * 2 * sizeof(struct key) <= max_bytes;)
		m->most_slots *= 2;
	m->nslots = FIRST_SLOTS;
	m->slot = mem_alloc(m->nslots * sizeof(*m->slot));
	m->to = MARKS_RANGE_END;
	return m;
}

void marks_free(struct marks *m)
{
	if (m == NULL)
		return;
	free(m->slot);
	free(m);
}

void marks_begin(struct marks *m, uint32_t from, uint32_t to)
{
	free(m->slot);
	m->nslots = FIRST_SLOTS;
	m->slot = mem_alloc(m->nslots * sizeof(*m->slot));
	m->n = 0;
	m->from = from;
	m->to = to;
}

bool marks_covers(const struct marks *m, const struct digest *d)
{
	uint32_t at = (uint32_t)d->bytes[0] << 8 | d->bytes[1];

	return at >= m->from && at < m->to;
}

static struct key key_of(const struct digest *d)
{
	struct key k;

	memcpy(&k.a, d->bytes, sizeof(k.a));
	memcpy(&k.b, d->bytes + sizeof(k.a), sizeof(k.b));
	if (k.a == 0 && k.b == 0)
		k.b = 1;
	return k;
}

/* Its place, or the free one where it would go. */
static struct key *find(const struct marks *m, struct key k)
{
	size_t mask = m->nslots - 1;
	uint64_t h = (k.a ^ k.b) * m->salt;
	size_t i = (size_t)(h ^ h >> 32) & mask;

	while ((m->slot[i].a != 0 || m->slot[i].b != 0) &&
	       (m->slot[i].a != k.a || m->slot[i].b != k.b))
		i = (i + 1) & mask;
	return &m->slot[i];
}

static void grow(struct marks *m)
{
	struct key *old = m->slot;
	size_t i, n = m->nslots;

	m->nslots *= 2;
	m->slot = mem_alloc(m->nslots * sizeof(*m->slot));
	for (i = 0; i < n; i++)
		if (old[i].a != 0 || old[i].b != 0)
			*find(m, old[i]) = old[i];
	free(old);
}

bool marks_add(struct marks *m, const struct digest *d)
{
	struct key k = key_of(d), *at;

	if (!marks_covers(m, d))
		return true;
	at = find(m, k);
	if (at->a != 0 || at->b != 0)
		return true;
	if (m->n >= m->nslots / 4 * 3) {
		if (m->nslots >= m->most_slots)
			return false;
		grow(m);
		at = find(m, k);
	}
	*at = k;
	m->n++;
	return true;
}

bool marks_has(const struct marks *m, const struct digest *d)
{
	const struct key *at = find(m, key_of(d));

	return at->a != 0 || at->b != 0;
}

size_t marks_count(const struct marks *m)
{
	return m->n;
}
