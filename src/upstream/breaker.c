/*
 * breaker.c - the state of one part of an upstream, under the gate's lock; logging and
 * counting come after it.
 */
#include "upstream/breaker.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/human.h"
#include "base/log.h"
#include "upstream/gate.h"
#include "upstream/meter.h"
#include "upstream/remote.h"

#define DAY_MS (24 * 3600 * 1000)

const char *breaker_part_word(enum breaker_part part)
{
	return part == BREAKER_CDN ? "cdn" : "registry";
}

const char *breaker_state_word(enum breaker_state state)
{
	static const char *const words[] = { "ok", "open", "busy" };

	return words[state];
}

/* --- what it says; with the lock held, as all below until the requests' side --- */

/* The clock may have been set back: what lies ahead is brought near. */
static int64_t now_of(struct breaker *b)
{
	int64_t now = clock_wall_ms();

	if (b->since_wall_ms > now)
		b->since_wall_ms = now;
	if (b->opened_wall_ms > now)
		b->opened_wall_ms = now;
	if (b->until_wall_ms > now + b->span_ms)
		b->until_wall_ms = now + b->span_ms;
	return now;
}

static bool holds_back(const struct breaker *b, const char *repository, int64_t now)
{
	if (b->state == BREAKER_OPEN && b->some)
		return repository != NULL && sick_has(&b->sick, repository, now);
	return b->state != BREAKER_CLOSED;
}

/* "14:02:07", and the day where that is not today's. */
static void say_time(int64_t wall_ms, int64_t now, char out[HUMAN_MAX])
{
	time_t at = (time_t)(wall_ms / 1000);
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(out, HUMAN_MAX, now - wall_ms < DAY_MS ? "%H:%M:%S" : "%F %H:%M", &tm);
}

static int say(const struct breaker *b, enum breaker_part part, int64_t now,
	       struct err *e)
{
	const char *who = part == BREAKER_CDN ? "the place that its blobs come from"
			  : !b->some	      ? "it"
			  : b->repository[0] != '\0' ? "this repository"
						     : "this repository, like others,";
	int64_t left_ms = b->until_wall_ms > now ? b->until_wall_ms - now : 0;
	int left_s = (int)((left_ms + 999) / 1000);
	char since[HUMAN_MAX], again[48];

	say_time(b->since_wall_ms, now, since);
	snprintf(again, sizeof(again), left_s > 0 ? "in %d s" : "now", left_s);
	if (b->state == BREAKER_BUSY)
		err_set(e, ERR_BUSY,
			"%s is left alone, since it was asked too much at %s UTC (%s); "
			"asked again %s; what is cached is not affected",
			who, since, b->cause, again);
	else
		err_set(e, ERR_UPSTREAM,
			"%s is in trouble since %s UTC (%s); asked again %s", who, since,
			b->cause, again);
	if (e != NULL) {
		e->lasting = b->state == BREAKER_OPEN;
		e->retry_after_s = left_s > 0 ? left_s : 1;
	}
	return -1;
}

/* How long somebody who came at began_ms may still wait for what is next. */
static int64_t patience_ms(const struct breaker *b, int64_t now, int64_t began_ms,
			   int64_t deadline_ms)
{
	int64_t mono = clock_mono_ms(), left = 0, trial_left = 0;

	if (b->state == BREAKER_OPEN)
		left = b->opened_wall_ms + BREAKER_PATIENCE_MS - now;
	if (b->trial != 0)
		trial_left = b->trial_ms + BREAKER_TRIAL_MS - mono;
	else if (b->until_wall_ms - now > left)
		return 0; /* nothing will have happened before */
	if (left < trial_left)
		left = trial_left;
	if (began_ms + BREAKER_PATIENCE_MS + BREAKER_TRIAL_MS - mono < left)
		left = began_ms + BREAKER_PATIENCE_MS + BREAKER_TRIAL_MS - mono;
	if (deadline_ms > 0 && deadline_ms - mono < left)
		left = deadline_ms - mono;
	return left;
}

void breaker_look(struct upstream *u, enum breaker_part part, struct breaker_view *out)
{
	struct breaker *b = &u->breaker[part];

	*out = (struct breaker_view){ 0 };
	gate_lock();
	now_of(b);
	if (b->state != BREAKER_CLOSED) {
		out->state = b->state;
		out->since_wall_ms = b->since_wall_ms;
		out->until_wall_ms = b->until_wall_ms;
		out->some = b->some;
		if (b->some)
			memcpy(out->repository, b->repository, sizeof(out->repository));
		memcpy(out->cause, b->cause, sizeof(out->cause));
	}
	gate_unlock();
}

int breaker_may(struct upstream *u, enum breaker_part part, const char *repository,
		bool patient, struct err *e)
{
	struct breaker *b = &u->breaker[part];
	int64_t now, mono = clock_mono_ms();
	int rc = 0;

	gate_lock();
	now = now_of(b);
	if (holds_back(b, repository, now) && (now < b->until_wall_ms || b->trial != 0) &&
	    !(patient && patience_ms(b, now, mono, 0) > 0))
		rc = say(b, part, now, e);
	gate_unlock();
	return rc;
}

/* --- how it changes --- */

static int64_t with_jitter(int64_t ms)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)clock_mono_ms();
	return ms - ms / 4 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
}

static int64_t doubled(int64_t first, int64_t most, unsigned level)
{
	return level < 16 && first << level < most ? first << level : most;
}

/* Not to be asked until the end of a new span. */
static void back_off(struct breaker *b, int after_s, int64_t now)
{
	int64_t patient = b->opened_wall_ms + BREAKER_PATIENCE_MS;
	int64_t ms;

	if (b->state == BREAKER_OPEN) {
		ms = with_jitter(doubled(BREAKER_FIRST_MS, BREAKER_MOST_MS, b->level));
		/* Those who have waited get a last try. */
		if (now < patient && now + ms > patient)
			ms = patient - now;
	} else if (after_s < 0) {
		ms = with_jitter(
			doubled(BREAKER_BUSY_MS, BREAKER_BUSY_MOST_MS, b->level));
	} else {
		ms = after_s > 0 ? (int64_t)after_s * 1000 : 1000;
		if (ms > BREAKER_BUSY_ASKED_MOST_MS)
			ms = BREAKER_BUSY_ASKED_MOST_MS;
	}
	b->span_ms = ms;
	b->until_wall_ms = now + ms;
}

static void set_cause(struct breaker *b, const char *cause)
{
	snprintf(b->cause, sizeof(b->cause), "%s", cause);
}

/* Whom the row of failures is about: of which this is one more. */
static void blame(struct breaker *b, const struct breaker_pass *pass,
		  enum breaker_end end, bool first, int64_t now)
{
	bool own = end == BREAKER_END_STATUS && pass->repository != NULL;

	if (own)
		sick_note(&b->sick, pass->repository, now);
	if (first) {
		b->some = own;
		snprintf(b->repository, sizeof(b->repository), "%s",
			 own ? pass->repository : "");
	} else if (own && strcmp(b->repository, pass->repository) != 0) {
		b->repository[0] = '\0';
	}
}

static void open_it(struct breaker *b, enum breaker_state state, const char *cause,
		    int after_s, int64_t now)
{
	/* Soon after the last time it is the same trouble still. */
	bool same = state == BREAKER_BUSY && b->last == state &&
		    now < b->until_wall_ms + b->span_ms;

	b->state = b->last = state;
	b->opened_wall_ms = now;
	b->level = same ? b->level + 1 : 0;
	b->fails = 0;
	b->trial = 0;
	set_cause(b, cause);
	back_off(b, after_s, now);
}

static void trial_failed(struct breaker *b, enum breaker_state state, const char *cause,
			 int after_s, int64_t now)
{
	b->level = b->state == state ? b->level + 1 : 0;
	b->state = b->last = state;
	b->trial = 0;
	set_cause(b, cause);
	back_off(b, after_s, now);
}

static void count_failure(struct breaker *b, const struct breaker_pass *pass,
			  enum breaker_end end, const char *cause, int64_t now)
{
	bool own = end == BREAKER_END_STATUS && pass->repository != NULL;

	if (b->state == BREAKER_CLOSED) {
		if (b->fails == 0)
			b->since_wall_ms = now;
		blame(b, pass, end, b->fails == 0, now);
		b->some = b->some && own;
		if (++b->fails >= BREAKER_FAILURES)
			open_it(b, BREAKER_OPEN, cause, -1, now);
	} else if (b->state == BREAKER_OPEN && b->some) {
		blame(b, pass, end, false, now);
		if (!own && ++b->fails >= BREAKER_FAILURES) {
			b->some = false;
			set_cause(b, cause);
		}
	}
}

/* Also of a request that began before it opened: who answers is there. */
static void close_it(struct breaker *b)
{
	b->state = BREAKER_CLOSED;
	b->fails = 0;
	b->trial = 0;
	b->some = false;
	sick_clear(&b->sick);
}

static void busy(struct breaker *b, const struct breaker_pass *pass, const char *cause,
		 int after_s, int64_t now)
{
	int64_t until = b->until_wall_ms, span = b->span_ms;

	b->some = false;
	if (b->state != BREAKER_BUSY) {
		b->since_wall_ms = now;
		open_it(b, BREAKER_BUSY, cause, after_s, now);
	} else if (pass->trial != 0) {
		trial_failed(b, BREAKER_BUSY, cause, after_s, now);
	} else if (after_s > 0) { /* it was under way already; the longest word counts */
		back_off(b, after_s, now);
		if (until > b->until_wall_ms) {
			b->until_wall_ms = until;
			b->span_ms = span;
		}
	}
}

static void good(struct breaker *b, const struct breaker_pass *pass, int64_t now)
{
	/* Who counts requests says yes to some while it says no to others. */
	if (pass->trial != 0 ||
	    (b->state != BREAKER_BUSY && holds_back(b, pass->repository, now)))
		close_it(b);
	if (pass->repository != NULL)
		sick_forget(&b->sick, pass->repository);
	b->fails = 0;
	b->good_ms = clock_mono_ms();
}

static void failed(struct breaker *b, const struct breaker_pass *pass,
		   enum breaker_end end, const char *cause, int64_t now)
{
	if (pass->trial != 0) {
		blame(b, pass, end, false, now);
		b->some = b->some && end == BREAKER_END_STATUS;
		trial_failed(b, BREAKER_OPEN, cause, -1, now);
	} else if (pass->began_ms >= b->good_ms) {
		count_failure(b, pass, end, cause, now);
	}
}

static void conclude(struct breaker *b, struct breaker_pass *pass, enum breaker_end end,
		     const char *cause, int after_s)
{
	int64_t now = now_of(b);

	if (pass->trial != b->trial)
		pass->trial = 0; /* it closed meanwhile */
	switch (end) {
	case BREAKER_END_GOOD:
		good(b, pass, now);
		break;
	case BREAKER_END_FAILED:
	case BREAKER_END_STATUS:
		failed(b, pass, end, cause, now);
		break;
	case BREAKER_END_BUSY:
		busy(b, pass, cause, after_s, now);
		break;
	case BREAKER_END_UNSURE:
		if (pass->trial != 0)
			b->trial = 0;
		break;
	}
}

/* --- the requests' side --- */

/* What a request changed, told after the lock is given up. */
struct change {
	enum breaker_state was, is;
	bool was_some, some;
	int64_t lasted_ms, again_in_ms;
	char cause[BREAKER_CAUSE_MAX];
};

static void tell(const struct breaker_pass *pass, const struct change *c)
{
	const char *host = pass->u->host, *part = breaker_part_word(pass->part);

	if (c->was == c->is && (c->is == BREAKER_CLOSED || c->was_some == c->some))
		return;
	meter_open(host, part, c->is != BREAKER_CLOSED);
	if (c->is == BREAKER_CLOSED)
		log_event(LOG_INFO, "upstream.closed", LS("upstream", host),
			  LS("part", part), LU("lasted_ms", c->lasted_ms));
	else
		log_event(LOG_WARN, "upstream.open", LS("upstream", host),
			  LS("part", part), LS("state", breaker_state_word(c->is)),
			  LS("for", c->some ? "repositories that failed" : "all"),
			  LS("cause", c->cause), LU("again_in_ms", c->again_in_ms));
}

static void finish(struct breaker_pass *pass, enum breaker_end end, const char *cause,
		   int after_s)
{
	struct breaker *b = &pass->u->breaker[pass->part];
	struct change c;
	int64_t until, now;
	unsigned trial;

	pass->told = true;
	gate_lock();
	c = (struct change){ .was = b->state, .was_some = b->some };
	until = b->until_wall_ms;
	trial = b->trial;
	conclude(b, pass, end, cause != NULL ? cause : "", after_s);
	c.is = b->state;
	c.some = b->some;
	if (b->state != BREAKER_CLOSED || c.was != BREAKER_CLOSED) {
		now = clock_wall_ms();
		c.lasted_ms = now - b->since_wall_ms;
		c.again_in_ms = b->until_wall_ms - now;
		memcpy(c.cause, b->cause, sizeof(c.cause));
	}
	if (c.was != c.is || trial != b->trial || until != b->until_wall_ms)
		gate_ring();
	gate_unlock();
	tell(pass, &c);
}

void breaker_good(struct breaker_pass *pass)
{
	if (!pass->told)
		finish(pass, BREAKER_END_GOOD, NULL, -1);
}

void breaker_leave(struct breaker_pass *pass, enum breaker_end end, const char *cause,
		   int after_s)
{
	if (!pass->told)
		finish(pass, end, cause, after_s);
}

/* With the lock held, given up in waits: 0, or -1 with *e. */
static int wait_turn(struct breaker *b, struct breaker_pass *pass, int64_t deadline_ms,
		     struct err *e)
{
	int64_t now, left, due;

	while (now = now_of(b), holds_back(b, pass->repository, now)) {
		if (gate_stopped())
			return gate_stopped_err(e);
		if (now >= b->until_wall_ms && b->trial == 0) {
			if (++b->trials == 0)
				b->trials = 1;
			pass->trial = b->trial = b->trials;
			b->trial_ms = clock_mono_ms();
			return 0;
		}
		left = patience_ms(b, now, pass->began_ms, deadline_ms);
		if (left <= 0)
			return say(b, pass->part, now, e);
		due = b->until_wall_ms - now;
		if (b->trial == 0 && due < left)
			left = due;
		gate_wait(clock_mono_ms() + left);
	}
	return 0;
}

int breaker_enter(struct upstream *u, enum breaker_part part, const char *repository,
		  int64_t deadline_ms, struct breaker_pass *pass, struct err *e)
{
	struct breaker *b = &u->breaker[part];
	const char *why;
	int rc;

	*pass = (struct breaker_pass){ .u = u,
				       .part = part,
				       .repository = repository,
				       .began_ms = clock_mono_ms() };
	gate_lock();
	rc = wait_turn(b, pass, deadline_ms, e);
	why = breaker_state_word(b->state);
	gate_unlock();
	if (rc != 0 && !gate_stopped())
		meter_refused(u->host, breaker_part_word(part), why);
	pass->began_ms = clock_mono_ms(); /* of the request */
	return rc;
}
