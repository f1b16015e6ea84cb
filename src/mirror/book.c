/*
 * book.c - sums of who knows what.
 */
#include "mirror/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void book_done(struct book *b)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		free(b->account[i]->slot);
		free(b->account[i]);
	}
	b->n = 0;
}

struct book_account *book_account(struct book *b, const char *host,
				  const char *account_id)
{
	struct book_account *a;
	size_t i;

	for (i = 0; i < b->n; i++)
		if (strcmp(b->account[i]->host, host) == 0 &&
		    strcmp(b->account[i]->quota.account_id, account_id) == 0)
			return b->account[i];
	if (b->n == BOOK_MAX_ACCOUNTS)
		return NULL;
	a = mem_alloc(sizeof(*a));
	snprintf(a->host, sizeof(a->host), "%s", host);
	snprintf(a->quota.account_id, sizeof(a->quota.account_id), "%s", account_id);
	a->told = true; /* there is nothing to tell */
	b->account[b->n++] = a;
	return a;
}

/* --- slots --- */

static void remove_oldest(struct book_account *a, size_t n)
{
	if (n == 0)
		return;
	a->n_slots -= n;
	memmove(a->slot, a->slot + n, a->n_slots * sizeof(*a->slot));
}

void book_age(struct book_account *a, int64_t before_ms)
{
	size_t n = 0;

	while (n < a->n_slots && a->slot[n].at_ms < before_ms)
		n++;
	remove_oldest(a, n);
}

static struct book_slot *slot_at(struct book_account *a, int64_t at_ms)
{
	size_t i = a->n_slots;

	while (i > 0 && a->slot[i - 1].at_ms > at_ms)
		i--;
	if (i > 0 && a->slot[i - 1].at_ms == at_ms)
		return &a->slot[i - 1];
	if (a->n_slots == BOOK_MAX_SLOTS && i == 0)
		return NULL; /* older than all that there is room for */
	if (a->n_slots == BOOK_MAX_SLOTS) {
		remove_oldest(a, 1);
		i--;
	}
	if (a->n_slots == a->room) {
		a->room = a->room > 0 ? a->room * 2 : 16;
		a->slot = mem_grow(a->slot, a->room * sizeof(*a->slot));
	}
	memmove(&a->slot[i + 1], &a->slot[i], (a->n_slots - i) * sizeof(*a->slot));
	a->slot[i] = (struct book_slot){ .at_ms = at_ms };
	a->n_slots++;
	return &a->slot[i];
}

void book_spent(struct book_account *a, int64_t at_ms, uint32_t n, bool told)
{
	struct book_slot *s = slot_at(a, at_ms);

	if (s == NULL || n > UINT32_MAX - s->all)
		return;
	s->all += n;
	s->told += told ? n : 0;
	s->own += n;
}

void book_read_spent(struct book_account *a, int64_t at_ms, uint32_t n)
{
	struct book_slot *s = slot_at(a, at_ms);
	uint32_t more;

	if (s == NULL)
		return;
	more = n > s->filed ? n - s->filed : 0;
	if (more <= UINT32_MAX - s->all)
		s->all += more;
	s->filed = n;
}

/* --- observations --- */

static void take(struct book_account *a, const struct upstream_quota *q)
{
	a->quota = *q;
	a->quota.spent = a->quota.others = 0;
}

void book_observed(struct book_account *a, const struct upstream_quota *q, bool told)
{
	take(a, q);
	a->told = told;
	a->unwritten = true;
	a->writing = false; /* if something is being written, it is what was before */
}

void book_read_quota(struct book_account *a, const struct upstream_quota *q)
{
	if (q->seen_wall_ms <= a->quota.seen_wall_ms)
		return;
	take(a, q);
	a->told = false;
	a->unwritten = false;
}

/* --- the file --- */

bool book_is_unwritten(const struct book *b)
{
	size_t i, k;

	for (i = 0; i < b->n; i++) {
		if (b->account[i]->unwritten)
			return true;
		for (k = 0; k < b->account[i]->n_slots; k++)
			if (b->account[i]->slot[k].own > 0)
				return true;
	}
	return false;
}

void book_writing(struct book *b)
{
	size_t i, k;

	for (i = 0; i < b->n; i++) {
		struct book_account *a = b->account[i];

		a->writing = a->unwritten;
		for (k = 0; k < a->n_slots; k++)
			a->slot[k].writing = a->slot[k].own;
	}
}

void book_written(struct book *b)
{
	size_t i, k;

	for (i = 0; i < b->n; i++) {
		struct book_account *a = b->account[i];

		if (a->writing)
			a->unwritten = false;
		a->writing = false;
		for (k = 0; k < a->n_slots; k++) {
			a->slot[k].own -= a->slot[k].writing;
			a->slot[k].filed += a->slot[k].writing;
			a->slot[k].writing = 0;
		}
	}
}

void book_unfiled(struct book *b)
{
	size_t i, k;

	for (i = 0; i < b->n; i++) {
		struct book_account *a = b->account[i];

		a->unwritten = a->quota.known;
		for (k = 0; k < a->n_slots; k++) {
			a->slot[k].own = a->slot[k].all;
			a->slot[k].filed = 0;
		}
	}
}

/* --- the upstreams --- */

void book_untold(struct book *b)
{
	size_t i, k;

	for (i = 0; i < b->n; i++) {
		b->account[i]->told = !b->account[i]->quota.known;
		for (k = 0; k < b->account[i]->n_slots; k++)
			b->account[i]->slot[k].told = 0;
	}
}

size_t book_untold_of(const struct book_account *a, struct upstream_spent *out,
		      size_t max)
{
	size_t n = 0, k;

	for (k = 0; k < a->n_slots && n < max; k++) {
		const struct book_slot *s = &a->slot[k];

		if (s->told < s->all)
			out[n++] = (struct upstream_spent){ s->at_ms, s->all - s->told };
	}
	return n;
}

void book_told(struct book_account *a)
{
	size_t k;

	a->told = true;
	for (k = 0; k < a->n_slots; k++)
		a->slot[k].told = a->slot[k].all;
}
