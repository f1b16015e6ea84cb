/*
 * bring.c - through a partial, so that a download of the same blob in another process
 * does not get in the way. What another has left in it is not believed, but replaced.
 */
#include "store/bring.h"

#include <unistd.h>

#define ROOM_MS 5000 /* for a larder that serves to make room within its size */

/* What another has left in it goes; then all that is to come is asked for. */
static int reserve(struct partial *p, uint64_t size, struct err *e)
{
	if (ftruncate(p->fd, 0) != 0)
		return err_errno(e, "cannot write %s", p->path);
	stake_now(&p->stake, 0);
	return size == 0 ? 0 : partial_need(p, size, ROOM_MS, e);
}

int bring_open(struct bring *b, struct store *s, const struct digest *d, uint64_t size,
	       struct err *e)
{
	struct bring made = { .store = s, .digest = *d, .size = size };

	if (partial_open(s, d, &made.partial, e) != 0)
		return -1;
	if (reserve(&made.partial, size, e) != 0) {
		partial_discard(s, &made.partial);
		partial_close(s, &made.partial);
		return -1;
	}
	made.hash = hash_new(d->alg);
	*b = made;
	return 0;
}

int bring_add(struct bring *b, const void *p, size_t n, struct err *e)
{
	if (partial_write(&b->partial, b->got, p, n, ROOM_MS, e) != 0)
		return -1;
	hash_add(b->hash, p, n);
	b->got += n;
	return 0;
}

int bring_end(struct bring *b, struct err *e)
{
	char text[DIGEST_TEXT_MAX];
	struct digest got;

	digest_text(&b->digest, text);
	digest_final(b->digest.alg, b->hash, &got);
	hash_free(b->hash);
	b->hash = NULL;
	if (b->got != b->size || !digest_equal(&got, &b->digest))
		return err_set(e, ERR_CORRUPT, "%.24s: the bytes are not what it names",
			       text);
	if (partial_commit(b->store, &b->digest, &b->partial, e) != 0)
		return err_add(e, "%.24s", text);
	b->partial.own = false; /* the name is gone */
	partial_close(b->store, &b->partial);
	return 0;
}

void bring_close(struct bring *b)
{
	if (b->partial.fd >= 0) {
		partial_discard(b->store, &b->partial);
		partial_close(b->store, &b->partial);
	}
	hash_free(b->hash);
	b->hash = NULL;
}
