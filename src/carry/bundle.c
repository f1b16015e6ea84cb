/*
 * bundle.c - what all kinds of bundles share, and two of them: a layout in a folder, and
 * another store.
 */
#include "carry/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "oci/ocilayout.h"
#include "store/blob.h"
#include "store/list.h"
#include "store/mstore.h"
#include "store/tag.h"

struct bundle_image *bundle_add(struct bundle *b, struct err *e)
{
	if (b->n == BUNDLE_MAX_IMAGES) {
		err_set(e, ERR_LIMIT, "more than %d images", BUNDLE_MAX_IMAGES);
		return NULL;
	}
	if ((b->n & (b->n - 1)) == 0)
		b->image = mem_grow(b->image, (b->n ? 2 * b->n : 1) * sizeof(*b->image));
	b->image[b->n] = (struct bundle_image){ 0 };
	return &b->image[b->n++];
}

int bundle_add_layout(struct bundle *b, struct view index, struct err *e)
{
	struct ocilayout list = { 0 };
	struct bundle_image *image;
	size_t i;

	if (ocilayout_parse(index, &list, e) != 0)
		return -1;
	for (i = 0; i < list.n; i++) {
		image = bundle_add(b, e);
		if (image == NULL)
			break;
		image->digest = list.image[i].digest;
		image->name = mem_dup(list.image[i].name);
		image->ref = mem_dup(list.image[i].ref);
		snprintf(image->media_type, sizeof(image->media_type), "%s",
			 list.image[i].media_type);
	}
	i = i < list.n;
	ocilayout_done(&list);
	return i ? -1 : 0;
}

void bundle_close(struct bundle *b)
{
	size_t i;

	if (b == NULL)
		return;
	b->ops->done(b);
	for (i = 0; i < b->n; i++) {
		free(b->image[i].name);
		free(b->image[i].ref);
	}
	free(b->image);
	free(b);
}

int bundle_manifest(struct bundle *b, const struct digest *d, struct stored **out,
		    struct err *e)
{
	return b->ops->manifest(b, d, out, e);
}

bool bundle_has(struct bundle *b, const struct digest *d, uint64_t *size)
{
	return b->ops->has(b, d, size);
}

int bundle_fetch(struct bundle *b, const struct digest *want, size_t n,
		 int (*take)(void *arg, const struct digest *d, uint64_t size,
			     bundle_read read, void *from, struct err *e),
		 void *arg, struct err *e)
{
	return b->ops->fetch(b, want, n, take, arg, e);
}

/* --- one file after the other --- */

struct file {
	int fd;
	uint64_t at;
};

static int read_file(void *from, void *p, size_t room, size_t *n, struct err *e)
{
	struct file *f = from;

	if (fs_pread(f->fd, p, room, f->at, n, e) != 0)
		return -1;
	f->at += *n;
	return 0;
}

/* --- a folder --- */

static int dir_of(struct bundle *b)
{
	return *(int *)b->data;
}

static int dir_manifest(struct bundle *b, const struct digest *d, struct stored **out,
			struct err *e)
{
	CLEANUP(buf_done)
	struct buf body = BUF_INIT(MANIFEST_MAX_BYTES);
	char path[OCILAYOUT_PATH_MAX];
	struct manifest parsed;
	struct digest real;
	uint64_t size;

	ocilayout_path(d, path);
	if (!b->ops->has(b, d, &size))
		return err_set(e, ERR_NOT_FOUND, "%s is not there", path);
	if (fs_read(dir_of(b), path, &body, e) != 0)
		return -1;
	digest_of(d->alg, buf_str(&body), body.n, &real);
	if (!digest_equal(&real, d))
		return err_set(e, ERR_CORRUPT, "%s: the bytes are not what it names",
			       path);
	if (manifest_parse(buf_view(&body), &parsed, e) != 0)
		return err_add(e, "%s", path);
	*out = stored_new(d, parsed.media_type, buf_view(&body));
	manifest_done(&parsed);
	return 0;
}

static bool dir_has(struct bundle *b, const struct digest *d, uint64_t *size)
{
	char path[OCILAYOUT_PATH_MAX];
	int fd;

	ocilayout_path(d, path);
	fd = fs_open_file(dir_of(b), path, size, NULL);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int dir_fetch(struct bundle *b, const struct digest *want, size_t n,
		     int (*take)(void *arg, const struct digest *d, uint64_t size,
				 bundle_read read, void *from, struct err *e),
		     void *arg, struct err *e)
{
	char path[OCILAYOUT_PATH_MAX];
	struct file f = { 0 };
	uint64_t size;
	size_t i;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		ocilayout_path(&want[i], path);
		f.at = 0;
		f.fd = fs_open_file(dir_of(b), path, &size, NULL);
		if (f.fd < 0)
			continue;
		rc = take(arg, &want[i], size, read_file, &f, e);
		close(f.fd);
	}
	return rc;
}

static void dir_done(struct bundle *b)
{
	free(b->data);
}

static const struct bundle_ops dir_ops = { dir_manifest, dir_has, dir_fetch, dir_done };

int bundle_open_dir(int fd, struct bundle **out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf index = BUF_INIT(OCILAYOUT_MAX_BYTES);
	struct bundle *b;
	int *kept, there;
	uint64_t size;

	there = fs_open_file(fd, "index.json", &size, e);
	if (there < 0)
		return e != NULL && e->kind == ERR_NOT_FOUND
			       ? err_set(e, ERR_INVALID,
					 "it is no OCI layout: it has no index.json")
			       : -1;
	close(there);
	if (fs_read(fd, "index.json", &index, e) != 0)
		return -1;
	b = mem_alloc(sizeof(*b));
	kept = mem_alloc(sizeof(*kept));
	*kept = fd;
	b->ops = &dir_ops;
	b->data = kept;
	if (bundle_add_layout(b, buf_view(&index), e) != 0) {
		bundle_close(b);
		return -1;
	}
	*out = b;
	return 0;
}

/* --- another store --- */

static int store_manifest(struct bundle *b, const struct digest *d, struct stored **out,
			  struct err *e)
{
	return mstore_load(b->data, d, out, e);
}

static bool store_has(struct bundle *b, const struct digest *d, uint64_t *size)
{
	return blob_exists(b->data, d, size);
}

static int store_fetch(struct bundle *b, const struct digest *want, size_t n,
		       int (*take)(void *arg, const struct digest *d, uint64_t size,
				   bundle_read read, void *from, struct err *e),
		       void *arg, struct err *e)
{
	struct file f = { 0 };
	uint64_t size;
	size_t i;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		f.at = 0;
		f.fd = blob_open(b->data, &want[i], &size, NULL);
		if (f.fd < 0)
			continue;
		rc = take(arg, &want[i], size, read_file, &f, e);
		close(f.fd);
	}
	return rc;
}

static void store_done(struct bundle *b)
{
	(void)b; /* the store is borrowed */
}

static const struct bundle_ops store_ops = { store_manifest, store_has, store_fetch,
					     store_done };

struct listing {
	struct bundle *b;
	struct store *s;
	bool (*want)(void *arg, const char *repo, const char *tag);
	void *arg;
};

static int add_placed(struct listing *l, const struct reponame *repo, const char *tag,
		      const struct digest *d, struct err *e)
{
	struct bundle_image *image = bundle_add(l->b, e);
	struct stored *m;

	if (image == NULL)
		return -1;
	image->is_placed = true;
	image->repo = *repo;
	image->digest = *d;
	snprintf(image->tag, sizeof(image->tag), "%s", tag);
	if (mstore_peek(l->s, repo, d, &m, NULL) == 0) {
		snprintf(image->media_type, sizeof(image->media_type), "%s",
			 m->media_type);
		stored_unref(m);
	}
	return 0;
}

static int add_tags(struct listing *l, const struct reponame *repo, struct err *e)
{
	CLEANUP(buf_done)
	struct buf tags = BUF_INIT(LIST_MAX_BYTES);
	struct digest d;
	const char *tag;
	struct err why;
	bool more;

	if (list_tags(l->s, repo, "", SIZE_MAX, &tags, &more, &why) != 0)
		return 0; /* blobs only, or gone meanwhile */
	for (tag = buf_str(&tags); tag < buf_str(&tags) + tags.n; tag += strlen(tag) + 1)
		if ((l->want == NULL || l->want(l->arg, repo->s, tag)) &&
		    tag_get(l->s, repo, tag, &d, NULL) == 0 &&
		    add_placed(l, repo, tag, &d, e) != 0)
			return -1;
	return 0;
}

/* Signatures and the like, which are found by what they are about. */
static int add_referrers(struct listing *l, const struct reponame *repo, struct err *e)
{
	CLEANUP(buf_done)
	struct buf list = BUF_INIT(LIST_MAX_BYTES);
	struct manifest parsed;
	struct digest d;
	struct stored *m;
	const char *at;
	bool more, about;

	if (list_manifests(l->s, repo, "", SIZE_MAX, &list, &more, NULL) != 0)
		return 0;
	for (at = buf_str(&list); at < buf_str(&list) + list.n; at += strlen(at) + 1) {
		if (digest_parse(view_of(at), &d, NULL) != 0 ||
		    mstore_peek(l->s, repo, &d, &m, NULL) != 0)
			continue;
		about = false;
		if (manifest_parse((struct view){ m->body, m->n }, &parsed, NULL) == 0) {
			about = parsed.has_subject;
			manifest_done(&parsed);
		}
		stored_unref(m);
		if (about && add_placed(l, repo, "", &d, e) != 0)
			return -1;
	}
	return 0;
}

int bundle_open_store(struct store *s,
		      bool (*want)(void *arg, const char *repo, const char *tag),
		      void *arg, struct bundle **out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf names = BUF_INIT(LIST_MAX_BYTES);
	struct bundle *b;
	struct listing l = { .s = s, .want = want, .arg = arg };
	struct reponame repo;
	const char *name;
	size_t before;
	bool more;

	if (list_repositories(s, "", SIZE_MAX, &names, &more, e) != 0)
		return -1;
	l.b = b = mem_alloc(sizeof(*b));
	b->ops = &store_ops;
	b->data = s;
	for (name = buf_str(&names); name < buf_str(&names) + names.n;
	     name += strlen(name) + 1) {
		before = b->n;
		if (reponame_parse(view_of(name), &repo, NULL) != 0)
			continue;
		if (add_tags(&l, &repo, e) != 0 ||
		    (b->n > before && add_referrers(&l, &repo, e) != 0)) {
			bundle_close(b);
			return -1;
		}
	}
	*out = b;
	return 0;
}
