/*
 * ledger.c - the numbers of one account, under the gate's lock; how it goes from state to
 * state, as ledger.h draws it.
 */
#include "upstream/ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/human.h"
#include "codec/ratelimit.h"
#include "upstream/account.h"
#include "upstream/balance.h"
#include "upstream/gate.h"
#include "upstream/ledger_keep.h"
#include "upstream/ledger_log.h"
#include "upstream/meter.h"
#include "upstream/quota_meter.h"
#include "upstream/remote.h"

#define WAIT_MOST_MS 60000
#define SOON_S 5 /* to come back when all that is left is under way */

void ledger_init(struct ledger *l)
{
	*l = (struct ledger){ 0 };
	spent_init(&l->own, LEDGER_WINDOW_S * 1000);
}

void ledger_use(struct account *a, const struct cred *c)
{
	struct ledger *l = &a->ledger;
	char user[64], id[65];
	unsigned in_flight, waiting, notes;

	cred_account(c, user, id);
	gate_lock();
	in_flight = l->in_flight;
	waiting = l->waiting;
	notes = l->notes;
	if (strcmp(l->id, id) != 0) {
		ledger_init(l);
		l->in_flight = in_flight;
		l->waiting = waiting;
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
	bool may_end = !l->refused || l->looking || balance_is_due(l, now) ||
		       l->pass_ms > clock_mono_ms();

	if (l->q.limit != q->limit || l->q.remaining != q->remaining ||
	    l->q.window_s != q->window_s || strcmp(l->q.source, q->source) != 0)
		l->changed = true;
	l->q = *q;
	l->seen_mono_ms = clock_mono_ms();
	spent_set_window(&l->own, balance_window_ms(l), now);
	l->own_then = spent_sum(&l->own, now, now);
	if (!balance_counts(l, now))
		return;
	if (q->remaining == 0)
		balance_set_used_up(l, now);
	else if (l->used_up && may_end)
		balance_clear_used_up(l);
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
		ledger_keep_show(l, &q);
	}
	if (l->waiting > 0)
		gate_ring();
	l->heard = true;
	gate_unlock();
	if (said)
		quota_meter_set(a->host, &q);
	ledger_log_say(a->host, &log);
}

/* With the lock held. */
static int refuse(const struct account *a, struct ledger *l, int64_t now, struct err *e)
{
	int64_t back = balance_back_ms(l, now);
	char window[HUMAN_MAX], wait[HUMAN_MAX], whose[160];
	char pulls[48] = "";

	human_span(balance_window_ms(l), window);
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
	rc = quota_check(
		u, a, deadline_ms > 0 ? balance_least(deadline_ms, until) : until, NULL);
	gate_lock();
	now = clock_wall_ms();
	if (l->used_up && rc == 0 && l->notes == before) {
		/* Its image always has the numbers, if there are any. */
		l->q = (struct upstream_quota){ 0 };
		balance_clear_used_up(l);
	} else if (l->used_up) {
		balance_set_used_up(l, now);
		/* Nobody has said that it still holds. */
		if (rc != 0)
			l->look_wall_ms = balance_least(l->look_wall_ms,
							now + LEDGER_LOOK_AGAIN_MS);
	}
	l->looking = false;
}

/* With the lock held: what is to be done now? */
enum step { STEP_GO, STEP_WAIT, STEP_REFUSE, STEP_LOOK };

static enum step next_step(struct ledger *l, int64_t now, int64_t patience_ms,
			   int64_t *wait_ms)
{
	bool patient = clock_mono_ms() < patience_ms, counts = balance_counts(l, now);
	int64_t under_way = l->in_flight;

	if (!l->used_up && counts && l->q.remaining == 0)
		balance_set_used_up(l, now);
	if (l->used_up)
		return l->looking || !balance_is_due(l, now) ? STEP_REFUSE : STEP_LOOK;
	if (counts && under_way >= l->q.remaining)
		return STEP_WAIT;
	*wait_ms = balance_least(*wait_ms, patience_ms);
	if (patient && under_way > 0 &&
	    (!l->heard || (counts && under_way >= l->q.remaining / LEDGER_SHARE)))
		return STEP_WAIT;
	return STEP_GO;
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
	int64_t patience_ms = clock_mono_ms() + LEDGER_PATIENCE_MS, now, wait_ms;

	for (;;) {
		now = clock_wall_ms();
		wait_ms = until_ms;
		switch (next_step(l, now, patience_ms, &wait_ms)) {
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
			l->waiting++;
			gate_wait(wait_ms);
			l->waiting--;
			if (clock_mono_ms() >= until_ms && !gate_stopped())
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
	rc = decide(u, a, deadline_ms > 0 ? balance_least(deadline_ms, until) : until, p,
		    e);
	if (rc == 0)
		a->ledger.in_flight++;
	ledger_log_look(&a->ledger, &log);
	gate_unlock();
	ledger_log_say(a->host, &log);
	if (rc != 0 && !gate_stopped())
		meter_refused(u->host, breaker_part_word(BREAKER_REGISTRY), "quota");
	return rc;
}

static void count(struct ledger *l, int64_t began_wall_ms, int64_t now)
{
	int64_t at = balance_least(began_wall_ms, now);

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
		l->refused = !balance_counts(l, now) || l->q.remaining != 0;
		l->back_wall_ms = retry_after_s > 0 ? now + (int64_t)retry_after_s * 1000
						    : 0;
		balance_set_used_up(l, now);
		refuse(a, l, now, e);
	} else if (p->look && end == LEDGER_END_COUNTED && l->used_up &&
		   !(balance_counts(l, now) && l->q.remaining == 0)) {
		balance_clear_used_up(l);
	}
	if (p->look) {
		if (l->used_up)
			balance_set_used_up(l, now);
		l->looking = false;
	}
	ledger_log_look(l, &log);
	if (l->waiting > 0)
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
	back = balance_least(back > 0 ? back : now + balance_window_ms(l),
			     now + balance_window_ms(l));
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
	if (l->used_up &&
	    (refresh || l->looking || l->pass_ms > mono || !balance_is_due(l, now)))
		rc = refuse(a, l, now, e);
	else if (l->used_up)
		l->pass_ms = mono + LEDGER_PASS_MS;
	else if (refresh && reserve > 0 && balance_counts(l, now))
		rc = keep_reserve(l, now, reserve, e);
	gate_unlock();
	return rc;
}
