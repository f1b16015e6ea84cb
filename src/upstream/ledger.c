/*
 * ledger.c - the numbers of one account, under the gate's lock; how it goes from state to
 * state, as ledger.h draws it.
 *
 * Every wall time that was stored is held against the present one before it counts, so
 * that a clock that was set back makes nothing wait longer than its longest.
 */
#include "upstream/ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/human.h"
#include "codec/ratelimit.h"
#include "upstream/account.h"
#include "upstream/gate.h"
#include "upstream/ledger_log.h"
#include "upstream/meter.h"
#include "upstream/remote.h"

#define WAIT_MOST_MS 60000
#define SOON_S 5 /* to come back when all that is left is under way */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t window_ms(const struct ledger *l)
{
	int64_t s = l->q.window_s > 0 ? l->q.window_s : LEDGER_WINDOW_S;

	return least(s, LEDGER_WINDOW_MOST_S) * 1000;
}

static int64_t interval_ms(const struct ledger *l)
{
	int64_t ms = window_ms(l) / 72;

	return ms < LEDGER_LOOK_LEAST_MS ? LEDGER_LOOK_LEAST_MS
					 : least(ms, LEDGER_LOOK_MOST_MS);
}

/* Do the numbers say how many pulls are left now? A limit of none is no number. */
static bool counts(const struct ledger *l, int64_t now)
{
	return l->q.known && l->q.limit != 0 && l->q.remaining >= 0 &&
	       now - l->q.seen_wall_ms < window_ms(l);
}

/* When the first pull is there again. */
static int64_t back_ms(struct ledger *l, int64_t now)
{
	int64_t longest = window_ms(l) + interval_ms(l), back = l->back_wall_ms;

	if (back <= 0)
		back = spent_back(&l->own, now);
	if (back <= 0)
		back = least(l->since_wall_ms, now) + window_ms(l);
	back = least(back, now + longest);
	return back > now ? back : now + 1000;
}

static bool is_due(struct ledger *l, int64_t now)
{
	l->look_wall_ms = least(l->look_wall_ms, now + interval_ms(l));
	return now >= l->look_wall_ms;
}

static void set_used_up(struct ledger *l, int64_t now)
{
	if (!l->used_up) {
		l->used_up = true;
		l->since_wall_ms = now;
	}
	/* The time when it ought to be back is a good time to look. */
	l->look_wall_ms = least(now + interval_ms(l), back_ms(l, now));
	l->pass_ms = 0;
	l->changed = true;
}

static void clear_used_up(struct ledger *l)
{
	l->used_up = false;
	l->refused = false;
	l->back_wall_ms = 0;
	l->pass_ms = 0;
	l->changed = true;
}

void ledger_init(struct ledger *l)
{
	*l = (struct ledger){ 0 };
	spent_init(&l->own, LEDGER_WINDOW_S * 1000);
}

void ledger_use(struct account *a, const struct cred *c)
{
	struct ledger *l = &a->ledger;
	char user[64], id[65];
	unsigned in_flight, notes;

	cred_account(c, user, id);
	gate_lock();
	in_flight = l->in_flight;
	notes = l->notes;
	if (strcmp(l->id, id) != 0) {
		ledger_init(l);
		l->in_flight = in_flight;
		l->notes = notes;
		memcpy(l->id, id, sizeof(id));
	}
	memcpy(l->user, user, sizeof(user));
	l->id_known = true;
	gate_unlock();
}

/* Shown to people and in JSON: anything but visible ASCII makes it worthless. */
static void copy_source(struct view v, char out[64])
{
	size_t i;

	for (i = 0; i < v.n; i++)
		if (v.p[i] <= ' ' || v.p[i] > '~')
			return;
	if (v.n < 64)
		memcpy(out, v.p, v.n);
}

/* The window is said with both numbers; the limit's counts. */
static bool read_headers(const struct transport_answer *a, struct upstream_quota *q)
{
	struct ratelimit limit = { -1, 0 }, left = { -1, 0 };

	ratelimit_parse(transport_header(a, "ratelimit-limit", 0), &limit);
	ratelimit_parse(transport_header(a, "ratelimit-remaining", 0), &left);
	if (limit.count < 0 && left.count < 0)
		return false;
	*q = (struct upstream_quota){
		.known = true,
		.limit = limit.count,
		.remaining = left.count,
		.window_s = limit.window_s > 0 ? limit.window_s : left.window_s,
		.seen_wall_ms = clock_wall_ms(),
	};
	copy_source(transport_header(a, "docker-ratelimit-source", 0), q->source);
	return true;
}

/* Answers overtake each other. One to a request that was sent before the present numbers
 * came may be older than they are; then the lower ones count, until one comes that was
 * asked for after them. */
static bool is_older(const struct ledger *l, const struct upstream_quota *q,
		     int64_t began_ms)
{
	return l->q.known && began_ms <= l->seen_mono_ms && l->q.limit == q->limit &&
	       strcmp(l->q.source, q->source) == 0 && q->remaining >= l->q.remaining;
}

static void take_numbers(struct ledger *l, const struct upstream_quota *q)
{
	int64_t now = q->seen_wall_ms;
	bool may_end = !l->refused || l->looking || is_due(l, now) ||
		       l->pass_ms > clock_mono_ms();

	if (l->q.limit != q->limit || l->q.remaining != q->remaining ||
	    l->q.window_s != q->window_s || strcmp(l->q.source, q->source) != 0)
		l->changed = true;
	l->q = *q;
	l->seen_mono_ms = clock_mono_ms();
	spent_set_window(&l->own, window_ms(l), now);
	l->own_then = spent_sum(&l->own, now, now);
	if (!counts(l, now))
		return;
	if (q->remaining == 0)
		set_used_up(l, now);
	else if (l->used_up && may_end)
		clear_used_up(l);
}

void ledger_note(struct account *a, const struct transport_answer *answer, bool manifest,
		 int64_t began_ms)
{
	struct ledger *l = &a->ledger;
	struct ledger_log log = { 0 };
	struct upstream_quota q;
	bool said = read_headers(answer, &q);

	if (!said && (!manifest || answer->status != 200))
		return;
	gate_lock();
	if (said) {
		l->notes++;
		if (!is_older(l, &q, began_ms))
			take_numbers(l, &q);
		ledger_log_look(l, &log);
	}
	if (said || !l->heard)
		gate_ring();
	l->heard = true;
	gate_unlock();
	if (said)
		meter_quota(a->host, q.limit, q.remaining);
	ledger_log_say(a->host, &log);
}

/* With the lock held. */
static int refuse(const struct account *a, struct ledger *l, int64_t now, struct err *e)
{
	int64_t back = back_ms(l, now);
	char window[HUMAN_MAX], wait[HUMAN_MAX], whose[160];
	char pulls[48] = "";

	human_span(window_ms(l), window);
	human_ms(back - now + 999, wait);
	if (l->user[0] != '\0')
		snprintf(whose, sizeof(whose), "user %s", l->user);
	else
		snprintf(whose, sizeof(whose), "this address%s%s%s",
			 l->q.source[0] != '\0' ? " (" : "", l->q.source,
			 l->q.source[0] != '\0' ? ")" : "");
	if (l->q.limit > 0)
		snprintf(pulls, sizeof(pulls), ", %lld pulls in", (long long)l->q.limit);
	err_set(e, ERR_BUSY,
		"the pull quota is used up: that of %s%s%s %s; a pull is there again in "
		"%s: %s, or wait; what is cached is not affected",
		whose, pulls, pulls[0] != '\0' ? "" : ", of a window of", window, wait,
		l->user[0] != '\0' ? "use an account that may pull more"
				   : "log in for a larger one "
				     "(larder.upstreams.*.credentials)");
	if (e != NULL)
		e->retry_after_s = (int)((back - now + 999) / 1000);
	return -1;
}

/* With the lock held, which is given up meanwhile: the free request, where there is one.
 */
static void look(struct upstream *u, struct account *a, int64_t deadline_ms)
{
	struct ledger *l = &a->ledger;
	unsigned before = l->notes;
	int64_t until = clock_mono_ms() + LEDGER_PASS_MS, now;
	int rc;

	l->looking = true;
	gate_unlock();
	rc = quota_check(u, a, deadline_ms > 0 ? least(deadline_ms, until) : until, NULL);
	gate_lock();
	now = clock_wall_ms();
	if (l->used_up && rc == 0 && l->notes == before) {
		/* Its image always has the numbers, if there are any. */
		l->q = (struct upstream_quota){ 0 };
		clear_used_up(l);
	} else if (l->used_up) {
		set_used_up(l, now);
	}
	l->looking = false;
	gate_ring();
}

/* With the lock held: what is to be done now? */
enum step { STEP_GO, STEP_WAIT, STEP_REFUSE, STEP_LOOK };

static enum step next_step(struct ledger *l, int64_t now, int64_t began_ms)
{
	if (!l->used_up && counts(l, now) && l->q.remaining == 0)
		set_used_up(l, now);
	if (l->used_up)
		return l->looking || !is_due(l, now) ? STEP_REFUSE : STEP_LOOK;
	if (!l->heard && l->in_flight > 0 && clock_mono_ms() < began_ms + LEDGER_FIRST_MS)
		return STEP_WAIT;
	return counts(l, now) && l->q.remaining <= (int64_t)l->in_flight ? STEP_WAIT
									 : STEP_GO;
}

static int too_slow(struct err *e)
{
	err_set(e, ERR_BUSY,
		"all that is left of the pull quota is being pulled at this moment");
	if (e != NULL)
		e->retry_after_s = SOON_S;
	return -1;
}

static int decide(struct upstream *u, struct account *a, int64_t until_ms,
		  struct ledger_pull *p, struct err *e)
{
	struct ledger *l = &a->ledger;
	int64_t began_ms = clock_mono_ms(), now, wait_ms;

	for (;;) {
		now = clock_wall_ms();
		switch (next_step(l, now, began_ms)) {
		case STEP_REFUSE:
			return refuse(a, l, now, e);
		case STEP_GO:
			*p = (struct ledger_pull){ .began_wall_ms = now };
			return 0;
		case STEP_LOOK:
			if (quota_has_check(u)) {
				look(u, a, until_ms);
				break;
			}
			l->looking = true;
			*p = (struct ledger_pull){ now, true };
			return 0;
		case STEP_WAIT:
			wait_ms = l->heard ? until_ms
					   : least(until_ms, began_ms + LEDGER_FIRST_MS);
			if (!gate_wait(wait_ms) && clock_mono_ms() >= until_ms)
				return too_slow(e);
		}
		if (gate_stopped())
			return gate_stopped_err(e);
	}
}

int ledger_begin(struct upstream *u, struct account *a, int64_t deadline_ms,
		 struct ledger_pull *p, struct err *e)
{
	int64_t until = clock_mono_ms() + WAIT_MOST_MS;
	struct ledger_log log = { 0 };
	int rc;

	gate_lock();
	rc = decide(u, a, deadline_ms > 0 ? least(deadline_ms, until) : until, p, e);
	if (rc == 0)
		a->ledger.in_flight++;
	ledger_log_look(&a->ledger, &log);
	gate_unlock();
	ledger_log_say(a->host, &log);
	return rc;
}

static void count(struct ledger *l, int64_t began_wall_ms, int64_t now)
{
	int64_t at = least(began_wall_ms, now);

	spent_add(&l->own, at, now, 1, true);
	if (at <= l->q.seen_wall_ms)
		l->own_then++;
}

void ledger_end(struct account *a, const struct ledger_pull *p, enum ledger_end end,
		int retry_after_s, struct err *e)
{
	struct ledger *l = &a->ledger;
	struct ledger_log log = { 0 };
	int64_t now = clock_wall_ms();

	gate_lock();
	l->in_flight--;
	if (end != LEDGER_END_OTHER)
		count(l, p->began_wall_ms, now);
	if (end == LEDGER_END_REFUSED) {
		l->refused = !counts(l, now) || l->q.remaining != 0;
		l->back_wall_ms = retry_after_s > 0 ? now + (int64_t)retry_after_s * 1000
						    : 0;
		set_used_up(l, now);
		refuse(a, l, now, e);
	} else if (p->look && end == LEDGER_END_COUNTED && l->used_up &&
		   !(counts(l, now) && l->q.remaining == 0)) {
		clear_used_up(l);
	}
	if (p->look) {
		if (l->used_up)
			set_used_up(l, now);
		l->looking = false;
	}
	ledger_log_look(l, &log);
	gate_ring();
	gate_unlock();
	ledger_log_say(a->host, &log);
}

/* What is left, with what has come back by itself since it was said, less what is under
 * way. */
static int64_t left_now(struct ledger *l, int64_t now)
{
	int64_t aged = l->own_then - spent_sum(&l->own, now, l->q.seen_wall_ms);

	return l->q.remaining + (aged > 0 ? aged : 0) - (int64_t)l->in_flight;
}

static int keep_reserve(struct ledger *l, int64_t now, unsigned reserve, struct err *e)
{
	int64_t left = left_now(l, now), back;

	if (left > (int64_t)reserve)
		return 0;
	err_set(e, ERR_BUSY,
		"left for later: %lld pulls are left, and larder.reserve keeps %u for "
		"clients",
		(long long)(left > 0 ? left : 0), reserve);
	back = spent_back(&l->own, now);
	back = least(back > 0 ? back : now + window_ms(l), now + window_ms(l));
	if (e != NULL)
		e->retry_after_s = (int)((back - now + 999) / 1000);
	return -1;
}

int ledger_may(struct account *a, bool refresh, unsigned reserve, struct err *e)
{
	struct ledger *l = &a->ledger;
	int64_t now = clock_wall_ms(), mono = clock_mono_ms();
	int rc = 0;

	gate_lock();
	if (l->used_up && (refresh || l->looking || l->pass_ms > mono || !is_due(l, now)))
		rc = refuse(a, l, now, e);
	else if (l->used_up)
		l->pass_ms = mono + LEDGER_PASS_MS;
	else if (refresh && reserve > 0 && counts(l, now))
		rc = keep_reserve(l, now, reserve, e);
	gate_unlock();
	return rc;
}

bool ledger_show(struct ledger *l, struct upstream_quota *out)
{
	int64_t now = clock_wall_ms();

	*out = l->q;
	memcpy(out->account, l->user, sizeof(out->account));
	memcpy(out->account_id, l->id, sizeof(out->account_id));
	out->spent = spent_sum(&l->own, now, now);
	if (counts(l, now) && l->q.limit - l->q.remaining > l->own_then)
		out->others = l->q.limit - l->q.remaining - l->own_then;
	out->used_up = l->used_up;
	out->back_wall_ms = l->used_up ? back_ms(l, now) : 0;
	return l->q.known || out->spent > 0 || l->used_up;
}

/* Whose numbers were kept, if it is not known yet whose these are: the latest, for now.
 */
static bool is_mine(struct ledger *l, const struct upstream_quota *q)
{
	if (strcmp(l->id, q->account_id) == 0)
		return true;
	if (l->id_known || (l->q.known && l->q.seen_wall_ms >= q->seen_wall_ms))
		return false;
	ledger_init(l);
	snprintf(l->id, sizeof(l->id), "%s", q->account_id);
	snprintf(l->user, sizeof(l->user), "%s", q->account);
	return true;
}

static void adopt(struct ledger *l, const struct upstream_quota *q, int64_t now)
{
	if (!q->known || (l->q.known && l->q.seen_wall_ms >= least(q->seen_wall_ms, now)))
		return;
	l->q = (struct upstream_quota){ .known = true,
					.limit = q->limit,
					.remaining = q->remaining,
					.window_s = q->window_s,
					.seen_wall_ms = least(q->seen_wall_ms, now) };
	snprintf(l->q.source, sizeof(l->q.source), "%s", q->source);
	spent_set_window(&l->own, window_ms(l), now);
	l->own_then = spent_sum(&l->own, now, l->q.seen_wall_ms);
	if (!q->used_up) {
		clear_used_up(l);
		return;
	}
	set_used_up(l, now);
	l->since_wall_ms = l->q.seen_wall_ms;
	l->refused = q->remaining > 0;
	if (q->back_wall_ms > now)
		l->back_wall_ms = q->back_wall_ms;
	/* What may have ended meanwhile is looked at first. */
	l->look_wall_ms = least(l->look_wall_ms, l->since_wall_ms + interval_ms(l));
}

bool ledger_restore(struct ledger *l, const struct upstream_quota *q,
		    const struct upstream_spent *s, size_t n)
{
	int64_t now = clock_wall_ms();
	bool changed = l->changed;
	size_t i;

	if (!is_mine(l, q))
		return false;
	adopt(l, q, now);
	for (i = 0; i < n; i++) {
		spent_add(&l->own, s[i].slot_wall_ms, now, s[i].n, false);
		if (s[i].slot_wall_ms <= l->q.seen_wall_ms &&
		    s[i].slot_wall_ms > l->q.seen_wall_ms - window_ms(l))
			l->own_then += s[i].n;
	}
	l->changed = changed;
	ledger_log_quiet(l);
	return true;
}

bool ledger_news(struct ledger *l, struct upstream_news *out)
{
	if (!l->changed && !l->own.has_news)
		return false;
	ledger_show(l, &out->quota);
	out->changed = l->changed;
	out->n_spent =
		spent_take(&l->own, clock_wall_ms(), out->spent, UPSTREAM_SPENT_MAX);
	l->changed = false;
	return out->changed || out->n_spent > 0;
}
