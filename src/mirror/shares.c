/*
 * shares.c - two open hash tables, one of blobs and one of images.
 */
#include "mirror/shares.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_SLOTS 1024
#define MAX_SLOTS (1u << 20)

struct entry {
	uint64_t key[2]; /* both 0: free */
	uint32_t images; /* that have it, of those counted */
	uint32_t last;	 /* the image that had it last */
	bool seen;	 /* in an image that was looked at */
};

struct table {
	struct entry *slot;
	size_t slots, n;
};

struct shares {
	struct table blobs, images;
	uint32_t image; /* the present one */
	uint64_t counted_bytes, seen_bytes;
	bool unknown;
};

static void table_init(struct table *t)
{
	t->slots = FIRST_SLOTS;
	t->slot = mem_alloc(t->slots * sizeof(*t->slot));
}

struct shares *shares_new(void)
{
	struct shares *s = mem_alloc(sizeof(*s));

	table_init(&s->blobs);
	table_init(&s->images);
	return s;
}

void shares_free(struct shares *s)
{
	if (s == NULL)
		return;
	free(s->blobs.slot);
	free(s->images.slot);
	free(s);
}

void shares_freep(struct shares **s)
{
	shares_free(*s);
	*s = NULL;
}

static void key_of(const struct digest *d, uint64_t key[2])
{
	memcpy(key, d->bytes, 16);
	key[1] += d->alg;
	if (key[0] == 0 && key[1] == 0)
		key[0] = 1;
}

static struct entry *find(const struct table *t, const uint64_t key[2])
{
	size_t i = key[0] & (t->slots - 1);

	while ((t->slot[i].key[0] != 0 || t->slot[i].key[1] != 0) &&
	       (t->slot[i].key[0] != key[0] || t->slot[i].key[1] != key[1]))
		i = (i + 1) & (t->slots - 1);
	return &t->slot[i];
}

static void grow(struct table *t)
{
	struct table old = *t;
	size_t i;

	t->slots *= 2;
	t->slot = mem_alloc(t->slots * sizeof(*t->slot));
	for (i = 0; i < old.slots; i++)
		if (old.slot[i].key[0] != 0 || old.slot[i].key[1] != 0)
			*find(t, old.slot[i].key) = old.slot[i];
	free(old.slot);
}

/* NULL: it is full. */
static struct entry *enter(struct table *t, const struct digest *d, bool *fresh)
{
	struct entry *e;
	uint64_t key[2];

	key_of(d, key);
	e = find(t, key);
	*fresh = e->key[0] == 0 && e->key[1] == 0;
	if (!*fresh)
		return e;
	if (t->n >= SHARES_MAX_BLOBS)
		return NULL;
	if (t->n >= t->slots / 4 * 3 && t->slots < MAX_SLOTS) {
		grow(t);
		e = find(t, key);
	}
	t->n++;
	e->key[0] = key[0];
	e->key[1] = key[1];
	return e;
}

bool shares_image(struct shares *s, const struct reponame *name, const struct digest *d)
{
	char text[NAME_MAX_BYTES + DIGEST_TEXT_MAX + 2];
	struct digest both;
	size_t n = strlen(name->s);
	bool fresh;

	memcpy(text, name->s, n);
	text[n++] = '@';
	digest_text(d, text + n);
	digest_of(HASH_SHA256, text, strlen(text), &both);
	if (enter(&s->images, &both, &fresh) == NULL) {
		s->unknown = true;
		return false;
	}
	return fresh;
}

void shares_next(struct shares *s)
{
	s->image++;
}

struct share shares_blob(struct shares *s, const struct digest *d, uint64_t bytes,
			 bool count)
{
	struct share share = { .first = true };
	struct entry *e;
	bool fresh;

	e = enter(&s->blobs, d, &fresh);
	if (e == NULL) {
		s->unknown = true;
		return share;
	}
	share.first = fresh || e->last != s->image;
	e->last = s->image;
	if (count && share.first) {
		if (e->images++ == 0)
			s->counted_bytes += bytes;
	} else if (!count && !e->seen) {
		e->seen = true;
		s->seen_bytes += bytes;
	}
	share.others = e->images > 1;
	return share;
}

bool shares_has(const struct shares *s, const struct digest *d)
{
	uint64_t key[2];
	const struct entry *e;

	key_of(d, key);
	e = find(&s->blobs, key);
	return e->key[0] != 0 || e->key[1] != 0;
}

bool shares_unknown(const struct shares *s)
{
	return s->unknown;
}

uint64_t shares_counted_bytes(const struct shares *s)
{
	return s->counted_bytes;
}

uint64_t shares_seen_bytes(const struct shares *s)
{
	return s->seen_bytes;
}

uint64_t shares_images(const struct shares *s)
{
	return s->images.n;
}
