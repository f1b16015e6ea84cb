/*
 * sick.c - a ring, searched from end to end.
 */
#include "upstream/sick.h"

#include <stddef.h>
#include <string.h>

static uint64_t hash_of(const char *name)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 1099511628211u;
	return h;
}

/* SICK_MAX: it is not there. */
static size_t find(const struct sick *s, uint64_t hash)
{
	size_t i;

	for (i = 0; i < SICK_MAX; i++)
		if (s->one[i].hash == hash && s->one[i].until_wall_ms > 0)
			break;
	return i;
}

void sick_note(struct sick *s, const char *name, int64_t now_wall_ms)
{
	uint64_t hash = hash_of(name);
	size_t i = find(s, hash);

	if (i == SICK_MAX)
		i = s->next++ % SICK_MAX;
	s->one[i].hash = hash;
	s->one[i].until_wall_ms = now_wall_ms + SICK_MS;
}

bool sick_has(const struct sick *s, const char *name, int64_t now_wall_ms)
{
	size_t i = find(s, hash_of(name));
	int64_t left;

	if (i == SICK_MAX)
		return false;
	left = s->one[i].until_wall_ms - now_wall_ms;
	return left > 0 && left <= SICK_MS;
}

void sick_forget(struct sick *s, const char *name)
{
	size_t i = find(s, hash_of(name));

	if (i < SICK_MAX)
		s->one[i].until_wall_ms = 0;
}

void sick_clear(struct sick *s)
{
	memset(s, 0, sizeof(*s));
}
