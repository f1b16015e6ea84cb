/*
 * sick.h - a few names that failed lately. By a hash, for a mix-up does little harm; of
 * more than SICK_MAX the oldest is forgotten. Times are of the wall clock, which may
 * jump: no name is sick for longer than SICK_MS. One thread at a time.
 */
#ifndef LARDER_UPSTREAM_SICK_H
#define LARDER_UPSTREAM_SICK_H

#include <stdbool.h>
#include <stdint.h>

#define SICK_MAX 64
#define SICK_MS 45000 /* since the last failure */

/* All zeros: empty. */
struct sick {
	struct {
		uint64_t hash;
		int64_t until_wall_ms; /* 0: free */
	} one[SICK_MAX];
	unsigned next;
};

void sick_note(struct sick *s, const char *name, int64_t now_wall_ms);
bool sick_has(const struct sick *s, const char *name, int64_t now_wall_ms);
void sick_forget(struct sick *s, const char *name);
void sick_clear(struct sick *s);

#endif
