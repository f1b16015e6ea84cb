/*
 * lanes.h - a pool whose threads are shared fairly by those the work is for.
 *
 * Work is given to a lane, which is a name; lanes come with their first work and go with
 * their last. One lane alone may have all `max_threads`. But a quarter of that number
 * (one at least) is each lane's own: threads are added for it, also while another lane's
 * work hangs in all the others. So what one lane waits for never keeps another from its
 * quarter, and there are never more than LANES_MOST times `max_threads` threads. What is
 * beyond a lane's own quarter goes by turns; within a lane, work is taken in the order it
 * was given.
 */
#ifndef LARDER_BASE_LANES_H
#define LARDER_BASE_LANES_H

#include <stddef.h>

#include "base/err.h"

#define LANES_MOST 4

struct lanes;

struct lanes *lanes_new(const char *name, unsigned max_threads, size_t max_queued);
/* fn(arg) will run once, on some thread. -1, and it will not: max_queued are waiting in
 * this lane (ERR_BUSY), no thread can be started (ERR_BUSY), or lanes_stop has been
 * called (ERR_CANCELLED). Any thread. */
int lanes_submit(struct lanes *l, const char *lane, void (*fn)(void *arg), void *arg,
		 struct err *e);
/* No more work is taken; what is queued or running is waited for; then all is freed. */
void lanes_stop(struct lanes *l);

#endif
