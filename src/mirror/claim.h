/*
 * claim.h - one worker at a time per key, for work that blocks.
 *
 * Pool threads only: claim_take waits for the present holder, at most until a deadline.
 */
#ifndef LARDER_MIRROR_CLAIM_H
#define LARDER_MIRROR_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

struct claims;

struct claims *claims_new(void);
void claims_free(struct claims *c);
/* False: still held by another at deadline_ms (monotonic). */
bool claim_take(struct claims *c, const char *key, int64_t deadline_ms);
void claim_release(struct claims *c, const char *key);

#endif
