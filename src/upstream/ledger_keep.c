/*
 * ledger_keep.c - a ledger out of this process, and into it. No state.
 */
#include "upstream/ledger_keep.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "upstream/balance.h"
#include "upstream/ledger_log.h"

bool ledger_keep_show(struct ledger *l, struct upstream_quota *out)
{
	int64_t now = clock_wall_ms();

	*out = l->q;
	memcpy(out->account, l->user, sizeof(out->account));
	memcpy(out->account_id, l->id, sizeof(out->account_id));
	out->spent = spent_sum(&l->own, now, now);
	if (balance_counts(l, now) && l->q.limit - l->q.remaining > l->own_then)
		out->others = l->q.limit - l->q.remaining - l->own_then;
	out->used_up = l->used_up;
	out->back_wall_ms = l->used_up ? balance_back_ms(l, now) : 0;
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
	if (!q->known && q->used_up && !l->q.known && !l->used_up) {
		/* Refused without a number: it is looked at first. */
		balance_set_used_up(l, now);
		l->refused = true;
		l->back_wall_ms = q->back_wall_ms;
		l->look_wall_ms = now;
	}
	if (!q->known ||
	    (l->q.known && l->q.seen_wall_ms >= balance_least(q->seen_wall_ms, now)))
		return;
	l->q = (struct upstream_quota){ .known = true,
					.limit = q->limit,
					.remaining = q->remaining,
					.window_s = q->window_s,
					.seen_wall_ms =
						balance_least(q->seen_wall_ms, now) };
	snprintf(l->q.source, sizeof(l->q.source), "%s", q->source);
	spent_set_window(&l->own, balance_window_ms(l), now);
	l->own_then = spent_sum(&l->own, now, l->q.seen_wall_ms);
	if (!q->used_up) {
		balance_clear_used_up(l);
		return;
	}
	balance_set_used_up(l, now);
	l->since_wall_ms = l->q.seen_wall_ms;
	l->refused = q->remaining > 0;
	if (q->back_wall_ms > now)
		l->back_wall_ms = q->back_wall_ms;
	/* What may have ended meanwhile is looked at first. */
	l->look_wall_ms =
		balance_least(l->look_wall_ms, l->since_wall_ms + balance_interval_ms(l));
}

bool ledger_keep_restore(struct ledger *l, const struct upstream_quota *q,
			 const struct upstream_spent *s, size_t n, struct ledger_log *log)
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
		    s[i].slot_wall_ms > l->q.seen_wall_ms - balance_window_ms(l))
			l->own_then += s[i].n;
	}
	l->changed = changed;
	ledger_log_look(l, log);
	return true;
}

bool ledger_keep_news(struct ledger *l, struct upstream_news *out)
{
	if (!l->changed && !l->own.has_news)
		return false;
	ledger_keep_show(l, &out->quota);
	out->changed = l->changed;
	out->n_spent =
		spent_take(&l->own, clock_wall_ms(), out->spent, UPSTREAM_SPENT_MAX);
	l->changed = false;
	return out->changed || out->n_spent > 0;
}
