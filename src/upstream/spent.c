/*
 * spent.c - a ring of slots; a slot whose time is over is empty when it is looked at.
 */
#include "upstream/spent.h"

#include <assert.h>

#define PER_WINDOW (SPENT_SLOTS - 1)

static int64_t slot_ms(const struct spent *s)
{
	return (s->window_ms + PER_WINDOW - 1) / PER_WINDOW;
}

void spent_init(struct spent *s, int64_t window_ms)
{
	assert(window_ms > 0);
	*s = (struct spent){ .window_ms = window_ms };
}

static struct spent_slot *slot_at(struct spent *s, int64_t at)
{
	return &s->slot[(size_t)(at % SPENT_SLOTS)];
}

static void put(struct spent *s, int64_t at, uint32_t n, uint32_t news)
{
	struct spent_slot *t = slot_at(s, at);

	if (t->at < at)
		*t = (struct spent_slot){ 0 };
	t->at = at; /* what was of a future is of now */
	t->n = n < UINT32_MAX - t->n ? t->n + n : UINT32_MAX;
	t->news = news < UINT32_MAX - t->news ? t->news + news : UINT32_MAX;
	s->has_news |= news > 0;
}

/* Is it of the present window? One of the future is moved to now first. */
static bool is_live(struct spent *s, struct spent_slot *t, int64_t now)
{
	struct spent_slot moved = *t;

	if (t->n == 0)
		return false;
	if (t->at > now) {
		*t = (struct spent_slot){ 0 };
		put(s, now, moved.n, moved.news);
		return false; /* it is counted where it is now */
	}
	return t->at > now - SPENT_SLOTS;
}

static int64_t settle(struct spent *s, int64_t now_ms)
{
	int64_t now = (now_ms > 0 ? now_ms : 0) / slot_ms(s);
	size_t i;

	for (i = 0; i < SPENT_SLOTS; i++)
		if (s->slot[i].at > now)
			is_live(s, &s->slot[i], now);
	return now;
}

void spent_set_window(struct spent *s, int64_t window_ms, int64_t now_ms)
{
	struct spent old = *s;
	int64_t was_ms = slot_ms(s);
	size_t i;

	if (window_ms == s->window_ms)
		return;
	spent_init(s, window_ms);
	for (i = 0; i < SPENT_SLOTS; i++) {
		struct spent_slot *t = &old.slot[i];
		uint32_t news = t->news;

		if (t->n == 0)
			continue;
		spent_add(s, t->at * was_ms, now_ms, t->n - news, false);
		spent_add(s, t->at * was_ms, now_ms, news, true);
	}
}

void spent_add(struct spent *s, int64_t at_ms, int64_t now_ms, uint32_t n, bool news)
{
	int64_t now = settle(s, now_ms), at;

	at = (at_ms > 0 ? at_ms : 0) / slot_ms(s);
	at = at < now ? at : now;
	if (n > 0 && at > now - SPENT_SLOTS)
		put(s, at, n, news ? n : 0);
}

int64_t spent_sum(struct spent *s, int64_t now_ms, int64_t until_ms)
{
	int64_t now = settle(s, now_ms), until = until_ms / slot_ms(s), sum = 0;
	size_t i;

	for (i = 0; i < SPENT_SLOTS; i++)
		if (is_live(s, &s->slot[i], now) && s->slot[i].at <= until)
			sum += s->slot[i].n;
	return sum;
}

int64_t spent_back(struct spent *s, int64_t now_ms)
{
	int64_t now = settle(s, now_ms), oldest = INT64_MAX;
	size_t i;

	for (i = 0; i < SPENT_SLOTS; i++)
		if (is_live(s, &s->slot[i], now) && s->slot[i].at < oldest)
			oldest = s->slot[i].at;
	return oldest == INT64_MAX ? 0 : (oldest + SPENT_SLOTS) * slot_ms(s);
}

size_t spent_take(struct spent *s, int64_t now_ms, struct upstream_spent *out, size_t max)
{
	int64_t now;
	size_t n = 0, i;

	if (!s->has_news)
		return 0;
	now = settle(s, now_ms);
	for (i = 0; i < SPENT_SLOTS && n < max; i++) {
		struct spent_slot *t = &s->slot[i];

		if (is_live(s, t, now) && t->news > 0)
			out[n++] = (struct upstream_spent){ t->at * slot_ms(s), t->news };
		t->news = 0;
	}
	s->has_news = i < SPENT_SLOTS;
	return n;
}
