/*
 * gate.h - the floor's one lock and condition for rare waits, and the way to end them
 * all.
 *
 * What is waited for here is seldom and slow: a token that another thread fetches, a
 * credential helper, the pause before a retry. One lock for all of them keeps the order
 * of locks trivial (it is innermost) and lets upstream_cancel_all reach every sleeper.
 */
#ifndef LARDER_UPSTREAM_GATE_H
#define LARDER_UPSTREAM_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Something asleep elsewhere (a transfer in poll). Lives with its owner. */
struct gate_sleeper {
	void (*wake)(void *arg); /* called with the lock held: short, takes no lock */
	void *arg;
	struct gate_sleeper *prev, *next;
};

void gate_lock(void);
void gate_unlock(void);
/* With the lock held: until rung (true, perhaps for somebody else: look again), or until
 * until_ms (monotonic) or the stop (false). */
bool gate_wait(int64_t until_ms);
void gate_ring(void); /* with the lock held */

void gate_open(void);
void gate_stop(void); /* wakes all; from then on gate_stopped() */
bool gate_stopped(void);
int gate_stopped_err(struct err *e); /* fills *e with ERR_CANCELLED; -1 */

/* Between the two, gate_stop calls s->wake. */
void gate_enter(struct gate_sleeper *s);
void gate_leave(struct gate_sleeper *s);

#endif
