/*
 * tarball.c - the entries, one after the other: directories, small files from memory,
 * blobs from the store.
 *
 * `place` is the entry that is being written, `at` how much of it has been; `out` holds
 * what the tar writer made and nobody has taken yet.
 */
#include "mirror/tarball.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/mem.h"
#include "codec/tar.h"
#include "oci/ocilayout.h"
#include "store/blob.h"

#define END_BYTES 1024 /* two empty blocks */
#define MOST_ENTRIES 2000000

enum entry_kind { ENTRY_DIR, ENTRY_BYTES, ENTRY_BLOB };

struct entry {
	enum entry_kind kind;
	const char *name; /* but of a blob */
	struct view bytes;
	struct digest digest; /* of a blob */
	uint64_t size;
};

struct tarball {
	struct store *s;
	struct entry *entry;
	size_t nentries;
	struct map *names; /* of entries */
	uint64_t bytes;
	atomic_ullong *sent;
	struct transport_body body;
	/* Where it is: */
	struct tar *tar;
	struct buf out;
	size_t taken; /* of out */
	size_t place;
	uint64_t at;
	bool begun, ended;
	int fd;
	struct hash *hash;
	char name[OCILAYOUT_PATH_MAX]; /* of the present entry */
	char piece[TAR_STEP_BYTES];
};

/* --- what is in it --- */

static void add(struct tarball *t, const char *name, const struct entry *n)
{
	if (map_get(t->names, name) != NULL || map_put(t->names, name, t) != 0)
		return;
	if ((t->nentries & (t->nentries - 1)) == 0)
		t->entry = mem_grow(t->entry, (t->nentries ? 2 * t->nentries : 1) *
						      sizeof(*t->entry));
	t->entry[t->nentries++] = *n;
	t->bytes += tar_entry_bytes(n->size);
}

void tarball_dir(struct tarball *t, const char *name)
{
	add(t, name, &(struct entry){ .kind = ENTRY_DIR, .name = name });
}

void tarball_bytes(struct tarball *t, const char *name, struct view bytes)
{
	add(t, name,
	    &(struct entry){
		    .kind = ENTRY_BYTES, .name = name, .bytes = bytes, .size = bytes.n });
}

void tarball_blob(struct tarball *t, const struct digest *d, uint64_t size)
{
	char path[OCILAYOUT_PATH_MAX];

	ocilayout_path(d, path);
	add(t, path, &(struct entry){ .kind = ENTRY_BLOB, .digest = *d, .size = size });
}

/* --- writing it --- */

static void close_blob(struct tarball *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	hash_free(TAKE(t->hash));
}

static int open_blob(struct tarball *t, const struct entry *n, struct err *e)
{
	uint64_t size;

	t->fd = blob_open(t->s, &n->digest, &size, e);
	if (t->fd < 0)
		return -1;
	if (size != n->size)
		return err_set(e, ERR_CORRUPT, "%.90s has not the size its manifest says",
			       t->name);
	t->hash = hash_new(n->digest.alg);
	return 0;
}

static int begin_entry(struct tarball *t, const struct entry *n, struct err *e)
{
	t->begun = true;
	t->at = 0;
	if (n->kind == ENTRY_BLOB)
		ocilayout_path(&n->digest, t->name);
	else
		snprintf(t->name, sizeof(t->name), "%s", n->name);
	if (n->kind == ENTRY_DIR)
		return tar_dir(t->tar, t->name, e);
	if (n->kind == ENTRY_BLOB && open_blob(t, n, e) != 0)
		return -1;
	return tar_file(t->tar, t->name, n->size, e);
}

static int end_entry(struct tarball *t, const struct entry *n, struct err *e)
{
	struct digest got;

	if (n->kind == ENTRY_BLOB) {
		digest_final(n->digest.alg, t->hash, &got);
		close_blob(t);
		if (!digest_equal(&got, &n->digest))
			return err_set(
				e, ERR_CORRUPT,
				"the store's own copy of %.150s is corrupt: its "
				"bytes do not match its digest. Remove it, and pull "
				"the image again",
				t->name);
	}
	t->begun = false;
	t->place++;
	return 0;
}

static int read_blob(struct tarball *t, size_t want, struct err *e)
{
	ssize_t got;

	do
		got = read(t->fd, t->piece, want);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_errno(e, "reading %s", t->name);
	if (got == 0)
		return err_set(e, ERR_CORRUPT, "%s ends too early", t->name);
	hash_add(t->hash, t->piece, (size_t)got);
	t->at += (uint64_t)got;
	return tar_data(t->tar, t->piece, (size_t)got, e);
}

static int write_piece(struct tarball *t, const struct entry *n, struct err *e)
{
	uint64_t left = n->size - t->at;
	size_t want = left < TAR_STEP_BYTES ? (size_t)left : TAR_STEP_BYTES;

	if (n->kind == ENTRY_BLOB)
		return read_blob(t, want, e);
	t->at += want;
	return tar_data(t->tar, n->bytes.p + t->at - want, want, e);
}

/* The last piece of a blob is not in the tar before the whole is known to be right. */
static int step(struct tarball *t, struct err *e)
{
	const struct entry *n = &t->entry[t->place];

	if (t->place == t->nentries) {
		t->ended = true;
		return tar_end(t->tar, e);
	}
	if (!t->begun && begin_entry(t, n, e) != 0)
		return -1;
	if (t->at < n->size && write_piece(t, n, e) != 0)
		return -1;
	return t->at == n->size ? end_entry(t, n, e) : 0;
}

static int on_read(void *arg, char *p, size_t room, size_t *n, struct err *e)
{
	struct tarball *t = arg;
	size_t left;

	while (t->taken == t->out.n && !t->ended) {
		buf_clear(&t->out);
		t->taken = 0;
		if (step(t, e) != 0)
			return -1;
	}
	left = t->out.n - t->taken;
	*n = left < room ? left : room;
	if (*n > 0)
		memcpy(p, t->out.p + t->taken, *n);
	t->taken += *n;
	if (t->sent != NULL)
		atomic_fetch_add(t->sent, *n);
	return 0;
}

static int on_rewind(void *arg, struct err *e)
{
	struct tarball *t = arg;

	tar_free(TAKE(t->tar));
	close_blob(t);
	buf_clear(&t->out);
	t->taken = 0;
	t->place = 0;
	t->at = 0;
	t->begun = false;
	t->ended = false;
	if (t->sent != NULL)
		atomic_store(t->sent, 0);
	t->tar = tar_new(&t->out, e);
	return t->tar != NULL ? 0 : -1;
}

struct tarball *tarball_new(struct store *s, atomic_ullong *sent)
{
	struct tarball *t = mem_alloc(sizeof(*t));

	t->s = s;
	t->fd = -1;
	t->sent = sent;
	t->names = map_new(MOST_ENTRIES);
	t->bytes = END_BYTES;
	buf_init(&t->out, TAR_STEP_BYTES + 16384);
	t->body = (struct transport_body){ -1, on_read, on_rewind, t };
	return t;
}

void tarball_free(struct tarball *t)
{
	if (t == NULL)
		return;
	tar_free(t->tar);
	close_blob(t);
	buf_done(&t->out);
	map_free(t->names, NULL);
	free(t->entry);
	free(t);
}

const struct transport_body *tarball_body(struct tarball *t)
{
	return &t->body;
}

uint64_t tarball_size(const struct tarball *t)
{
	return t->bytes;
}
