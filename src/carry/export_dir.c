/*
 * export_dir.c - into a folder: each blob through a temporary file, index.json last.
 *
 * A lock on the folder (flock) keeps a second export out, and goes with the process. What
 * one that died has left in TEMP is removed by the next.
 */
#include "carry/export.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "carry/export_impl.h"
#include "oci/ocilayout.h"
#include "store/blob.h"

#define TEMP ".larder-export" /* fs_each passes over it */
#define PIECE_BYTES (256u << 10)

struct folder {
	struct export *x;
	int fd;
	uint64_t done; /* bytes */
	char *piece;
};

static int is_other(void *arg, int dirfd, const char *name, struct err *e)
{
	(void)arg;
	(void)dirfd;
	return err_set(e, ERR_INVALID,
		       "the folder is no OCI layout, but has something in it (%.100s); "
		       "name an empty or a new one",
		       name);
}

static int open_layout(int fd, struct buf *index, struct ocilayout *old, struct err *e)
{
	struct err why;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK
			       ? err_set(e, ERR_BUSY, "another export writes there")
			       : err_errno(e, "cannot lock the folder");
	fs_remove_tree(fd, TEMP);
	if (fs_read(fd, "index.json", index, &why) == 0)
		return ocilayout_parse(buf_view(index), old, e);
	if (why.kind != ERR_NOT_FOUND) {
		*e = why;
		return -1;
	}
	if (faccessat(fd, "oci-layout", F_OK, 0) == 0)
		return 0; /* begun, and not ended */
	return fs_each(fd, ".", is_other, NULL, e);
}

static bool is_there(const struct folder *f, const char *path, uint64_t size)
{
	struct stat st;

	return fstatat(f->fd, path, &st, 0) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == size;
}

static int look(struct folder *f, struct err *e)
{
	const struct bundle_watch *watch = f->x->job->watch;

	if (watch == NULL || watch->step(watch->arg, f->done, f->x->job->bytes))
		return 0;
	return err_set(e, ERR_CANCELLED, "interrupted");
}

static int copy_bytes(struct folder *f, const struct export_item *item, int from, int to,
		      struct err *e)
{
	CLEANUP(hash_freep)
	struct hash *h = hash_new(item->digest.alg);
	struct digest real;
	uint64_t at = 0;
	size_t n;

	do {
		if (look(f, e) != 0 ||
		    fs_pread(from, f->piece, PIECE_BYTES, at, &n, e) != 0 ||
		    fs_pwrite_all(to, f->piece, n, at, e) != 0)
			return -1;
		hash_add(h, f->piece, n);
		at += n;
		f->done += n;
	} while (n > 0);
	digest_final(item->digest.alg, h, &real);
	if (at != item->size || !digest_equal(&real, &item->digest))
		return err_set(e, ERR_CORRUPT,
			       "the store's own copy is corrupt: its bytes do not match "
			       "its digest. Remove it, and pull the image again");
	return fs_sync(to, e);
}

static int copy_item(struct folder *f, const struct export_item *item, const char *path,
		     struct err *e)
{
	CLEANUP(mem_closep)
	int from = -1;
	CLEANUP(mem_closep)
	int to = -1;
	char temp[256];
	uint64_t size;

	from = blob_open(f->x->job->store, &item->digest, &size, e);
	if (from < 0)
		return -1;
	to = fs_temp(f->fd, TEMP, temp, sizeof(temp), e);
	if (to < 0)
		return -1;
	if (copy_bytes(f, item, from, to, e) == 0 &&
	    fs_place(f->fd, temp, path, FS_REPLACE, true, e) == 0)
		return 0;
	fs_unlink(f->fd, temp, NULL);
	return -1;
}

static int copy_all(struct folder *f, struct err *e)
{
	struct export_job *job = f->x->job;
	char path[OCILAYOUT_PATH_MAX];
	size_t i;

	for (i = 0; i < f->x->nitems; i++) {
		struct export_item *item = &f->x->item[i];

		ocilayout_path(&item->digest, path);
		if (item->spared)
			continue;
		if (is_there(f, path, item->size)) {
			job->bytes -= item->size;
			*(i < f->x->nmanifests ? &job->manifests : &job->blobs) -= 1;
			job->spared++;
			job->spared_bytes += item->size;
		} else if (copy_item(f, item, path, e) != 0) {
			return err_add(e, "%s", path);
		}
	}
	return 0;
}

static int put_file(struct folder *f, const char *name, struct view text, struct err *e)
{
	return fs_write(f->fd, TEMP, name, text.p, text.n, true, e);
}

static int write_folder(struct folder *f, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(OCILAYOUT_MAX_BYTES);
	struct ocilayout old = { 0 };
	int rc = open_layout(f->fd, &text, &old, e);

	if (rc == 0)
		rc = fs_mkdirs(f->fd, TEMP, false, e);
	if (rc == 0 && faccessat(f->fd, "oci-layout", F_OK, 0) != 0)
		rc = put_file(f, "oci-layout", view_of(ocilayout_version), e);
	if (rc == 0)
		rc = copy_all(f, e);
	buf_clear(&text);
	if (rc == 0)
		rc = export_write_index(f->x, &old, &text, e);
	if (rc == 0)
		rc = put_file(f, "index.json", buf_view(&text), e);
	if (rc == 0 && f->x->job->prune)
		rc = export_prune(f->x->job, f->fd, e);
	ocilayout_done(&old);
	return rc;
}

int export_dir_write(struct export *x, int dirfd, struct err *e)
{
	struct folder f = { .x = x, .fd = dirfd, .piece = mem_alloc(PIECE_BYTES) };
	int rc = write_folder(&f, e);

	if (rc == 0 || e == NULL || e->kind != ERR_BUSY)
		fs_remove_tree(dirfd, TEMP);
	flock(dirfd, LOCK_UN);
	mem_freep(&f.piece);
	return rc;
}
