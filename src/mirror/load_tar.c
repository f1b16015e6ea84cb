/*
 * load_tar.c - the entries, one after the other: directories, small files from memory,
 * blobs from the store.
 *
 * `place` is the entry that is being written, `at` how much of it has been; `out` holds
 * what the tar writer made and nobody has taken yet.
 */
#include "mirror/load_tar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/tar.h"
#include "store/blob.h"

#define SMALL_MAX_BYTES (4u << 20) /* manifest.json of the most layers there can be */
#define BLOB_PATH_MAX (DIGEST_TEXT_MAX + 8)
#define END_BYTES 1024 /* two empty blocks */

enum entry_kind { ENTRY_DIR, ENTRY_BYTES, ENTRY_BLOB };

struct entry {
	enum entry_kind kind;
	char name[BLOB_PATH_MAX];
	struct view bytes;
	struct digest digest; /* of a blob */
	uint64_t size;
};

struct load_tar {
	struct store *s;
	struct entry *entry;
	size_t nentries;
	struct buf index, docker; /* index.json, manifest.json */
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
	char piece[TAR_STEP_BYTES];
};

/* --- what is in it --- */

static void blob_path(const struct digest *d, char out[BLOB_PATH_MAX])
{
	char hex[DIGEST_HEX_MAX];

	digest_hex(d, hex);
	snprintf(out, BLOB_PATH_MAX, "blobs/%s/%s", digest_alg(d), hex);
}

static struct entry *add(struct load_tar *t, enum entry_kind kind, const char *name,
			 uint64_t size)
{
	struct entry *n = &t->entry[t->nentries++];

	*n = (struct entry){ .kind = kind, .size = size };
	snprintf(n->name, sizeof(n->name), "%s", name);
	t->bytes += tar_entry_bytes(size);
	return n;
}

static void add_bytes(struct load_tar *t, const char *name, struct view bytes)
{
	add(t, ENTRY_BYTES, name, bytes.n)->bytes = bytes;
}

static void add_blob(struct load_tar *t, const struct child *c)
{
	char path[BLOB_PATH_MAX];
	size_t i;

	blob_path(&c->digest, path);
	for (i = 0; i < t->nentries; i++)
		if (strcmp(t->entry[i].name, path) == 0)
			return;
	add(t, ENTRY_BLOB, path, c->size)->digest = c->digest;
}

static void add_string(struct buf *out, const char *s)
{
	buf_adds(out, "\"");
	buf_add_json(out, s, strlen(s));
	buf_adds(out, "\"");
}

/* The OCI layout's list: one image, and what it is called. */
static void make_index(struct load_tar *t, const struct choice *image, const char *name)
{
	char digest[DIGEST_TEXT_MAX];
	const char *tag = strrchr(name, ':') + 1;

	digest_text(&image->manifest->digest, digest);
	buf_adds(&t->index, "{\"schemaVersion\":2,\"mediaType\":\"" MEDIATYPE_OCI_INDEX
			    "\",\"manifests\":[{\"mediaType\":");
	add_string(&t->index, image->parsed.media_type);
	buf_addf(&t->index,
		 ",\"digest\":\"%s\",\"size\":%zu,\"annotations\":"
		 "{\"io.containerd.image.name\":",
		 digest, image->manifest->n);
	add_string(&t->index, name);
	buf_adds(&t->index, ",\"org.opencontainers.image.ref.name\":");
	add_string(&t->index, tag);
	buf_adds(&t->index, "}}]}");
}

/* What `docker load` has read since 1.10: in its first form the layers are named in
 * order. */
static void make_docker(struct load_tar *t, const struct choice *image, const char *name)
{
	const struct manifest *m = &image->parsed;
	char path[BLOB_PATH_MAX];
	size_t i;

	blob_path(&m->child[0].digest, path);
	buf_addf(&t->docker, "[{\"Config\":\"%s\",\"RepoTags\":[", path);
	add_string(&t->docker, name);
	buf_adds(&t->docker, "],\"Layers\":[");
	for (i = 1; i < m->nchildren; i++) {
		blob_path(&m->child[i].digest, path);
		buf_addf(&t->docker, "%s\"%s\"", i > 1 ? "," : "", path);
	}
	buf_adds(&t->docker, "]}]");
}

static void list_entries(struct load_tar *t, const struct choice *image)
{
	const struct manifest *m = &image->parsed;
	char path[BLOB_PATH_MAX];
	size_t i;

	/* Three directories, four files, and the children. */
	t->entry = mem_alloc((m->nchildren + 8) * sizeof(*t->entry));
	add(t, ENTRY_DIR, "blobs/", 0);
	add(t, ENTRY_DIR, "blobs/sha256/", 0);
	add(t, ENTRY_DIR, "blobs/sha512/", 0);
	add_bytes(t, "oci-layout", VIEW("{\"imageLayoutVersion\":\"1.0.0\"}"));
	add_bytes(t, "index.json", buf_view(&t->index));
	add_bytes(t, "manifest.json", buf_view(&t->docker));
	blob_path(&image->manifest->digest, path);
	add_bytes(t, path, (struct view){ image->manifest->body, image->manifest->n });
	for (i = 0; i < m->nchildren; i++)
		add_blob(t, &m->child[i]);
	t->bytes += END_BYTES;
}

/* --- writing it --- */

static void close_blob(struct load_tar *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	hash_free(TAKE(t->hash));
}

static int open_blob(struct load_tar *t, const struct entry *n, struct err *e)
{
	uint64_t size;

	t->fd = blob_open(t->s, &n->digest, &size, e);
	if (t->fd < 0)
		return -1;
	if (size != n->size)
		return err_set(e, ERR_CORRUPT, "%.90s has not the size its manifest says",
			       n->name);
	t->hash = hash_new(n->digest.alg);
	return 0;
}

static int begin_entry(struct load_tar *t, const struct entry *n, struct err *e)
{
	t->begun = true;
	t->at = 0;
	if (n->kind == ENTRY_DIR)
		return tar_dir(t->tar, n->name, e);
	if (n->kind == ENTRY_BLOB && open_blob(t, n, e) != 0)
		return -1;
	return tar_file(t->tar, n->name, n->size, e);
}

static int end_entry(struct load_tar *t, const struct entry *n, struct err *e)
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
				n->name);
	}
	t->begun = false;
	t->place++;
	return 0;
}

static int read_blob(struct load_tar *t, const struct entry *n, size_t want,
		     struct err *e)
{
	ssize_t got;

	do
		got = read(t->fd, t->piece, want);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_errno(e, "reading %s", n->name);
	if (got == 0)
		return err_set(e, ERR_CORRUPT, "%s ends too early", n->name);
	hash_add(t->hash, t->piece, (size_t)got);
	t->at += (uint64_t)got;
	return tar_data(t->tar, t->piece, (size_t)got, e);
}

static int write_piece(struct load_tar *t, const struct entry *n, struct err *e)
{
	uint64_t left = n->size - t->at;
	size_t want = left < TAR_STEP_BYTES ? (size_t)left : TAR_STEP_BYTES;

	if (n->kind == ENTRY_BLOB)
		return read_blob(t, n, want, e);
	t->at += want;
	return tar_data(t->tar, n->bytes.p + t->at - want, want, e);
}

/* The last piece of a blob is not in the tar before the whole is known to be right. */
static int step(struct load_tar *t, struct err *e)
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
	struct load_tar *t = arg;
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
	struct load_tar *t = arg;

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

struct load_tar *load_tar_new(struct store *s, const struct choice *image,
			      const char *name, atomic_ullong *sent)
{
	struct load_tar *t = mem_alloc(sizeof(*t));

	t->s = s;
	t->fd = -1;
	t->sent = sent;
	buf_init(&t->index, SMALL_MAX_BYTES);
	buf_init(&t->docker, SMALL_MAX_BYTES);
	buf_init(&t->out, TAR_STEP_BYTES + 16384);
	make_index(t, image, name);
	make_docker(t, image, name);
	list_entries(t, image);
	t->body = (struct transport_body){ -1, on_read, on_rewind, t };
	return t;
}

void load_tar_free(struct load_tar *t)
{
	if (t == NULL)
		return;
	tar_free(t->tar);
	close_blob(t);
	buf_done(&t->out);
	buf_done(&t->index);
	buf_done(&t->docker);
	free(t->entry);
	free(t);
}

const struct transport_body *load_tar_body(struct load_tar *t)
{
	return &t->body;
}

uint64_t load_tar_bytes(const struct load_tar *t)
{
	return t->bytes;
}
