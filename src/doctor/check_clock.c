/*
 * check_clock.c - the clock, by what the registries have said of the time.
 */
#include "doctor/checks.h"

#include <stdlib.h>

#define CLOCK_WARN_MS 60000
#define CLOCK_FAIL_MS (5 * 60 * 1000)

void check_clock(struct group *g)
{
	struct doctor_clock c;
	long long off_s;

	pthread_mutex_lock(&g->d->mu);
	c = g->d->clock;
	pthread_mutex_unlock(&g->d->mu);
	if (!c.known) {
		finding_say(g, "clock", FINDING_SKIPPED,
			    "nobody was reached to compare it with");
		return;
	}
	off_s = llabs(c.off_ms) / 1000;
	if (llabs(c.off_ms) < CLOCK_WARN_MS) {
		finding_say(g, "clock", FINDING_OK, "as %.150s has it", c.host);
		return;
	}
	finding_say(g, "clock",
		    llabs(c.off_ms) > CLOCK_FAIL_MS ? FINDING_FAIL : FINDING_WARN,
		    "this machine's clock is %lld %s %s that of %.150s",
		    off_s >= 120 ? (off_s + 30) / 60 : off_s,
		    off_s >= 120 ? "minutes" : "seconds",
		    c.off_ms > 0 ? "ahead of" : "behind", c.host);
	finding_remedy(g, "certificates and tokens count as expired or not yet valid: "
			  "timedatectl set-ntp true, or start the NTP service; on a "
			  "virtual machine, set its host's clock");
}
