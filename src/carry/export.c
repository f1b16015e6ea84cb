/*
 * export.c - the lists, and the tar: through mirror/tarball.h, a piece at a time.
 */
#include "carry/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/mem.h"
#include "carry/export_impl.h"
#include "mirror/tarball.h"
#include "oci/dockersave.h"
#include "oci/ocilayout.h"

#define PIECE_BYTES (1u << 20)

/* Does x name an image as this entry does? Entries without a name are the same if their
 * digests are. */
static bool replaces(const struct export *x, const struct map *names,
		     const struct ocilayout_image *old)
{
	char text[DIGEST_TEXT_MAX];

	if (old->name != NULL)
		return map_get(names, old->name) != NULL;
	digest_text(&old->digest, text);
	return old->ref == NULL && map_get(x->seen, text) != NULL;
}

static int keep_old(const struct export *x, const struct ocilayout *old, struct buf *out,
		    size_t *count)
{
	struct map *names = map_new(OCILAYOUT_MAX_IMAGES);
	size_t i;
	int rc = 0;

	for (i = 0; i < x->nentries; i++)
		if (x->entry[i].name != NULL)
			map_put(names, x->entry[i].name, names);
	for (i = 0; i < old->n && rc == 0; i++)
		if (!replaces(x, names, &old->image[i]))
			rc = ocilayout_keep(out, (*count)++, &old->image[i]);
	map_free(names, NULL);
	return rc;
}

int export_write_index(const struct export *x, const struct ocilayout *old,
		       struct buf *out, struct err *e)
{
	size_t i, count = 0;
	int rc = ocilayout_begin(out);

	if (rc == 0 && old != NULL)
		rc = keep_old(x, old, out, &count);
	for (i = 0; i < x->nentries && rc == 0; i++) {
		const struct export_entry *entry = &x->entry[i];

		rc = ocilayout_add(out, count++,
				   &(struct ocilayout_image){
					   .digest = entry->digest,
					   .size = entry->size,
					   .media_type = entry->media_type,
					   .name = entry->name,
					   .ref = entry->ref,
				   });
	}
	if (rc != 0 || ocilayout_end(out) != 0 || count > OCILAYOUT_MAX_IMAGES)
		return err_set(e, ERR_LIMIT,
			       "index.json would be too large: export to "
			       "several folders or archives");
	return 0;
}

static int look(const struct export *x, uint64_t done, uint64_t all, struct err *e)
{
	const struct bundle_watch *watch = x->job->watch;

	if (watch == NULL || watch->step(watch->arg, done, all))
		return 0;
	return err_set(e, ERR_CANCELLED, "interrupted");
}

/* A pipe may keep it waiting: a signal ends that. done, all: for the watch. */
static int write_all(const struct export *x, int fd, const char *p, size_t n,
		     uint64_t done, uint64_t all, struct err *e)
{
	ssize_t put;

	while (n > 0) {
		if (look(x, done, all, e) != 0)
			return -1;
		if (fault("export.write"))
			return err_errno(e, "cannot write");
		put = write(fd, p, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EFBIG)
			return err_set(e, ERR_IO,
				       "the file system takes no file this large (FAT "
				       "has a limit of 4 GB): export to a folder, or "
				       "format it anew (exFAT, ext4)");
		if (put < 0)
			return err_errno(e, "cannot write");
		p += put;
		n -= (size_t)put;
		done += (uint64_t)put;
	}
	return 0;
}

static int pump(const struct export *x, struct tarball *t, int fd, struct err *e)
{
	const struct transport_body *body = tarball_body(t);
	CLEANUP(mem_freep)
	char *piece = mem_alloc(PIECE_BYTES);
	uint64_t sent = 0;
	size_t n;

	if (body->rewind(body->arg, e) != 0)
		return -1;
	do {
		if (body->read(body->arg, piece, PIECE_BYTES, &n, e) != 0 ||
		    write_all(x, fd, piece, n, sent, tarball_size(t), e) != 0)
			return -1;
		sent += n;
	} while (n > 0);
	return 0;
}

static void list_entries(const struct export *x, struct tarball *t,
			 const struct buf *index, const struct buf *docker)
{
	size_t i;

	tarball_dir(t, "blobs/");
	tarball_dir(t, "blobs/sha256/");
	for (i = 0; i < x->nitems; i++)
		if (x->item[i].digest.alg == HASH_SHA512)
			tarball_dir(t, "blobs/sha512/");
	tarball_bytes(t, "oci-layout", view_of(ocilayout_version));
	tarball_bytes(t, "index.json", buf_view(index));
	if (x->job->loadable)
		tarball_bytes(t, "manifest.json", buf_view(docker));
	for (i = 0; i < x->nitems; i++)
		if (!x->item[i].spared)
			tarball_blob(t, &x->item[i].digest, x->item[i].size);
}

int export_to_tar(struct export *x, int fd, struct err *e)
{
	CLEANUP(buf_done)
	struct buf index = BUF_INIT(OCILAYOUT_MAX_BYTES);
	CLEANUP(buf_done)
	struct buf docker = BUF_INIT(DOCKERSAVE_MAX_BYTES);
	struct tarball *t;
	int rc;

	if (export_write_index(x, NULL, &index, e) != 0)
		return -1;
	buf_adds(&docker, "[");
	buf_add(&docker, buf_str(&x->docker), x->docker.n);
	buf_adds(&docker, "]");
	t = tarball_new(x->job->store, NULL);
	list_entries(x, t, &index, &docker);
	rc = pump(x, t, fd, e);
	tarball_free(t);
	return rc;
}
