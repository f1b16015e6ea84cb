/*
 * balance.c - the arithmetic of one ledger. No state of its own.
 */
#include "upstream/balance.h"

#include "base/clock.h"

int64_t balance_least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t balance_window_ms(const struct ledger *l)
{
	int64_t s = l->q.window_s > 0 ? l->q.window_s : LEDGER_WINDOW_S;

	return balance_least(s, LEDGER_WINDOW_MOST_S) * 1000;
}

int64_t balance_interval_ms(const struct ledger *l)
{
	int64_t ms = balance_window_ms(l) / 72;

	return ms < LEDGER_LOOK_LEAST_MS ? LEDGER_LOOK_LEAST_MS
					 : balance_least(ms, LEDGER_LOOK_MOST_MS);
}

/* Do the numbers say how many pulls are left now? A limit of none is no number. */
bool balance_counts(const struct ledger *l, int64_t now)
{
	return l->q.known && l->q.limit != 0 && l->q.remaining >= 0 &&
	       now - l->q.seen_wall_ms < balance_window_ms(l);
}

/* When the first pull is there again. */
int64_t balance_back_ms(struct ledger *l, int64_t now)
{
	int64_t interval = balance_interval_ms(l), window = balance_window_ms(l);
	int64_t back = l->back_wall_ms;

	if (back <= now)
		back = spent_back(&l->own, now);
	if (back <= now)
		back = balance_least(l->since_wall_ms, now) + window;
	/* Overdue: it may be any time. */
	if (back <= now)
		back = now + interval;
	return balance_least(back, now + window + interval);
}

bool balance_is_due(struct ledger *l, int64_t now)
{
	l->look_wall_ms = balance_least(l->look_wall_ms, now + balance_interval_ms(l));
	return now >= l->look_wall_ms;
}

void balance_set_used_up(struct ledger *l, int64_t now)
{
	if (!l->used_up) {
		l->used_up = true;
		l->since_wall_ms = now;
	}
	/* The time when it ought to be back is a good time to look. */
	l->look_wall_ms =
		balance_least(now + balance_interval_ms(l), balance_back_ms(l, now));
	l->pass_ms = 0;
	l->changed = true;
}

void balance_clear_used_up(struct ledger *l)
{
	l->used_up = false;
	l->refused = false;
	l->back_wall_ms = 0;
	l->pass_ms = 0;
	l->changed = true;
}
