/*
 * stake.c - sums.
 */
#include "store/stake.h"

#include "base/clock.h"
#include "store/room.h"

struct stake stake_of(struct store *s, uint64_t bytes, bool named)
{
	return (struct stake){ .store = s, .bytes = bytes, .named = named };
}

int stake_need(struct stake *k, uint64_t size, int64_t wait_ms, struct err *e)
{
	uint64_t have = k->bytes + k->reserved, n;
	int rc;

	if (k->store == NULL || size <= have)
		return 0;
	n = size - have;
	rc = wait_ms == 0 ? room_reserve(k->store, n, e)
			  : room_reserve_wait(k->store, n, clock_mono_ms() + wait_ms, e);
	if (rc == 0)
		k->reserved += n;
	return rc;
}

static void shrink(struct stake *k, uint64_t n)
{
	if (k->named)
		room_sub(k->store, n);
	else
		room_release(k->store, n);
	k->bytes -= n;
}

void stake_now(struct stake *k, uint64_t size)
{
	uint64_t n;

	if (k->store == NULL)
		return;
	if (size < k->bytes) {
		shrink(k, k->bytes - size);
		return;
	}
	n = size - k->bytes;
	if (n > k->reserved) /* somebody has written past what was said */
		n = k->reserved;
	if (k->named)
		room_filled(k->store, n);
	k->reserved -= n;
	k->bytes += n;
}

void stake_settle(struct stake *k)
{
	if (k->store != NULL)
		room_release(k->store, k->reserved);
	k->reserved = 0;
}

void stake_unname(struct stake *k)
{
	if (k->store != NULL && k->named)
		room_unnamed(k->store, k->bytes);
	k->named = false;
}

void stake_is_blob(struct stake *k, const struct digest *d, uint64_t was)
{
	if (k->store == NULL)
		return;
	stake_settle(k);
	if (!k->named)
		room_filled(k->store, k->bytes);
	room_sub(k->store, was);
	room_blob_end(k->store, d, (int64_t)k->bytes - (int64_t)was);
	k->store = NULL;
}

void stake_end(struct stake *k)
{
	if (k->store == NULL)
		return;
	stake_settle(k);
	if (!k->named)
		room_release(k->store, k->bytes);
	k->store = NULL;
}
