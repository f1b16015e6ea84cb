/*
 * throttle.c - decisions from memory; a site has its bucket. No state of its own.
 */
#include "mirror/throttle.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "upstream/gate.h"

#define LONGEST_MS 5000 /* then it is made nonetheless, and others come later */
#define LOOK_MS 100

static const struct bucket_rate rate = { THROTTLE_PER_S, THROTTLE_BURST };

static void count(const struct route *r, enum upstream_want want, const char *why)
{
	static const char *const words[] = {
		[UPSTREAM_WANT_CHECK] = "check",     [UPSTREAM_WANT_PULL] = "pull",
		[UPSTREAM_WANT_REFRESH] = "refresh", [UPSTREAM_WANT_BLOB] = "blob",
		[UPSTREAM_WANT_LIST] = "list",
	};
	struct metric *m = metrics_family(
		METRIC_COUNTER, "larder_work_refused_total", "upstream,want,why",
		"Work for an upstream that was not begun: it is "
		"in trouble, has no pulls left, or is asked too "
		"often");

	metrics_add(metrics_cell(m, r->site->host, words[want], why, NULL), 1);
}

int throttle_may(const struct route *r, enum upstream_want want, bool client,
		 struct err *e)
{
	struct site *s = r->site;

	if (upstream_may(s->up, &r->remote, want, e) != 0) {
		count(r, want, err_word(e->kind));
		return -1;
	}
	if (want != UPSTREAM_WANT_CHECK || !client ||
	    bucket_take(&s->checks, rate, 0, clock_passed_ms()))
		return 0;
	count(r, want, "rate");
	return err_set(e, ERR_BUSY,
		       "%s: more than %d checks a second; this one comes later", s->host,
		       THROTTLE_PER_S);
}

void throttle_wait(struct site *s, bool background)
{
	int64_t until_ms = clock_mono_ms() + LONGEST_MS, now_ms;
	unsigned keep = background ? THROTTLE_BURST / 2 : 0;

	while (!bucket_take(&s->checks, rate, keep, clock_passed_ms())) {
		now_ms = clock_mono_ms();
		if (now_ms >= until_ms) {
			bucket_owe(&s->checks, rate, clock_passed_ms());
			return;
		}
		gate_lock();
		while (gate_wait(now_ms + LOOK_MS))
			;
		gate_unlock();
		if (gate_stopped())
			return;
	}
}
