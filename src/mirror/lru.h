/*
 * lru.h - the images of a store that were used longest ago, of however many there are.
 * Pure; one thread at a time.
 */
#ifndef LARDER_MIRROR_LRU_H
#define LARDER_MIRROR_LRU_H

#include <stdbool.h>
#include <stddef.h>

#include "mirror/retire.h"

struct lru;

struct lru *lru_new(size_t max);
void lru_free(struct lru *l); /* NULL is fine */
/* One more; the youngest is left out where there are more than max. Copied. */
void lru_offer(struct lru *l, const struct retire_image *im);
bool lru_has_dropped(const struct lru *l); /* there were more */
/* The oldest first; what was used at the same time in the order in which it came to the
 * store, then of names. Borrowed, and free to be changed; no more offers after it. */
struct retire_image *lru_sorted(struct lru *l, size_t *n);

#endif
