/*
 * chore_room.c - an expiry and a count. No state.
 */
#include "app/chore_room.h"

#include "app/chores.h"
#include "base/log.h"
#include "store/census.h"
#include "store/partial.h"
#include "store/room.h"

#define PARTIAL_MS (24 * 60 * 60 * 1000)

static bool breathe(void *arg)
{
	return chores_breathe(arg);
}

void chore_room_partials(struct chores *c)
{
	unsigned n = partials_expire(c->store, PARTIAL_MS);

	if (n > 0)
		log_event(LOG_INFO, "partials.expired", LU("downloads", n));
}

void chore_room_count(struct chores *c)
{
	bool due = c->counts || room_known(c->store) != ROOM_COUNTED;
	struct err e;

	c->counts = true; /* soon after a start in order, the old number will do */
	if (!due)
		return;

	if (census_run(c->store, breathe, c, &e) == 0)
		log_event(LOG_DEBUG, "store.counted", LU("bytes", room_used(c->store)));
	else if (e.kind != ERR_CANCELLED)
		log_event(LOG_ERROR, "store.not_counted", LS("error", e.msg));
}
