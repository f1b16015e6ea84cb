/*
 * kept.h - pull quotas across restarts and processes: what upstreams say and what was
 * spent is written to the store's LAYOUT_USAGE, and read from there at the start, by the
 * thread that keeps the uses of images (store/usage.h).
 *
 * It may be lost, and hinders nobody. At the start the file is read beside everything
 * else: what is here is served at once, and only who is about to ask an upstream waits
 * for it (kept_wait), on a thread that may wait.
 *
 * Several processes on one store add up: what the others have written is read when this
 * one writes, and when somebody wants to see it.
 */
#ifndef LARDER_MIRROR_KEPT_H
#define LARDER_MIRROR_KEPT_H

#include "mirror/route.h"
#include "store/store.h"
#include "store/usage.h"

#define KEPT_WAIT_MS 1000 /* at most; a disk that hangs is no reason not to pull */

struct kept;

/* s is borrowed, plan referenced. */
struct kept *kept_new(struct store *s, struct plan *plan);
void kept_free(struct kept *k); /* writes what there is; NULL is fine */

/* The thread's notes of uses; lives as long. */
struct usage *kept_usage(struct kept *k);
/* Upstreams of new settings are told what is known. What those of the old ones still
 * count is told to these. Call it before they are asked anything. Blocks for the disk. */
void kept_adopt(struct kept *k, struct plan *plan);
/* Before an upstream is asked anything: until what was kept is known. */
void kept_wait(struct kept *k);
/* After it: there may be something to write. Never blocks. */
void kept_due(struct kept *k);
/* What other processes have written, before it is shown: now, which blocks for the disk,
 * or soon. */
void kept_look_now(struct kept *k);
void kept_look_soon(struct kept *k);

#endif
