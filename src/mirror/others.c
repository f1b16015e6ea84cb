/*
 * others.c - looking at a partial that another process has locked, now and then.
 */
#include "mirror/others.h"

#include "base/clock.h"
#include "mirror/mirror_impl.h"
#include "store/partial.h"

void others_init(struct others *o)
{
	bell_init(&o->tick);
	atomic_init(&o->ticking, false);
}

void others_done(struct others *o)
{
	bell_done(&o->tick);
}

static void ring(void *arg)
{
	struct others *o = arg;

	atomic_store(&o->ticking, false);
	bell_ring(&o->tick);
}

static bool gets_on(struct other *o, uint64_t bytes)
{
	int64_t now_ms = clock_mono_ms();

	if (o->moved_ms == 0 || bytes != o->bytes) {
		o->bytes = bytes;
		o->moved_ms = now_ms;
	}
	return now_ms - o->moved_ms < OTHERS_STILL_MS;
}

bool others_bring(struct mirror *m, const struct digest *d, struct other *o,
		  struct bell **bell, uint64_t *seen)
{
	struct task *ours = flights_find(m->flights, NULL, d);
	uint64_t bytes;

	task_unref(ours);
	if (ours != NULL || upstream_cancelled() || !partial_taken(m->store, d, &bytes) ||
	    !gets_on(o, bytes))
		return false;
	*bell = &m->others.tick;
	*seen = bell_count(*bell);
	if (!atomic_exchange(&m->others.ticking, true) &&
	    !alarms_set(m->alarms, clock_mono_ms() + OTHERS_LOOK_MS, ring, &m->others)) {
		atomic_store(&m->others.ticking, false);
		return false;
	}
	return true;
}
