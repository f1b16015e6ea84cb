/*
 * purge.c - an alarm that has the disk's threads look through the sessions.
 */
#include "server/purge.h"

#include <stdlib.h>

#include "base/alarm.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define FIRST_MS 60000 /* after the start, if the interval is longer */

struct purge {
	struct alarms *alarms;
	struct works *works;
	struct uploads *uploads;
	int64_t age_ms, interval_ms;
};

static void look(void *arg)
{
	struct purge *p = arg;
	unsigned n = uploads_expire(p->uploads, p->age_ms);

	if (n > 0)
		log_event(LOG_INFO, "uploads.expired", LU("sessions", n));
}

static void is_due(void *arg)
{
	struct purge *p = arg;

	work_aside(p->works, look, p);
	alarms_set(p->alarms, clock_mono_ms() + p->interval_ms, is_due, p);
}

struct purge *purge_start(struct works *ws, struct uploads *us, int64_t age_ms,
			  int64_t interval_ms)
{
	struct purge *p = mem_alloc(sizeof(*p));

	*p = (struct purge){ alarms_new(), ws, us, age_ms, interval_ms };
	alarms_set(p->alarms,
		   clock_mono_ms() + (interval_ms < FIRST_MS ? interval_ms : FIRST_MS),
		   is_due, p);
	return p;
}

void purge_stop(struct purge *p)
{
	if (p == NULL)
		return;
	alarms_stop(p->alarms);
}

void purge_free(struct purge *p)
{
	free(p);
}
