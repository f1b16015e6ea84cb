/*
 * pool.h - a bounded pool of plain threads for work that may block.
 *
 * Threads are started when work comes and leave after 30 s without any. Work is taken in
 * the order it was given.
 */
#ifndef LARDER_BASE_POOL_H
#define LARDER_BASE_POOL_H

#include <stddef.h>

#include "base/err.h"

struct pool;

struct pool *pool_new(const char *name, unsigned max_threads, size_t max_queued);
/* fn(arg) will run once, on some thread of the pool. -1: the queue is full (ERR_BUSY) or
 * the pool is stopping (ERR_CANCELLED), and fn will not run. Any thread. */
int pool_submit(struct pool *p, void (*fn)(void *arg), void *arg, struct err *e);
/* No more work is taken; what is queued or running is waited for; then all is freed. */
void pool_stop(struct pool *p);

#endif
