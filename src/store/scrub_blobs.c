/*
 * scrub_blobs.c - every file of content, read and hashed.
 *
 * Reading goes past the page cache (O_DIRECT) where the file system can do that: what
 * clients use stays in memory, and it is the disk's bytes that are looked at. What is
 * wrong is read a second time before anything is done about it: memory errs, too.
 */
#include "store/scrub_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/quarantine.h"

#define ENDED 1	    /* the slice, not the pass */
#define PARTS 16    /* of a folder, by the next four bits of a digest */
#define FOLDERS 256 /* of an algorithm */

static const char *const algs[] = { "sha256", "sha512" };

/* One folder of blobs, "sha256/ab". */
struct folder {
	struct scrub *r;
	const char *alg;
	unsigned first;	   /* the byte that all its digests begin with */
	unsigned from, to; /* which parts */
	layout_path path;
};

/* One that is open. */
struct file {
	int fd;
	bool direct; /* past the page cache; cleared where the file system cannot */
	uint64_t size;
};

static ssize_t read_some(struct scrub *r, struct file *f, uint64_t off)
{
	ssize_t got;

	for (;;) {
		errno = fault("scrub.read");
		got = errno != 0 ? -1
				 : pread(f->fd, r->chunk, SCRUB_CHUNK_BYTES, (off_t)off);
		if (got >= 0 && !f->direct)
			posix_fadvise(f->fd, (off_t)off, got, POSIX_FADV_DONTNEED);
		if (got >= 0 || (errno != EINTR && (errno != EINVAL || !f->direct)))
			return got;
		if (errno == EINVAL) {
			f->direct = false;
			if (fcntl(f->fd, F_SETFL, fcntl(f->fd, F_GETFL) & ~O_DIRECT) != 0)
				return -1;
		}
	}
}

/* 0: *out is what its bytes have; errno in *bad: they cannot be read. -1: *e. */
static int hash_file(struct scrub *r, struct file *f, enum hash_alg alg,
		     struct digest *out, int *bad, struct err *e)
{
	struct hash *h = hash_new(alg);
	uint64_t off = 0;
	ssize_t got = 1;
	int rc = 0;

	*bad = 0;
	while (rc == 0 && off < f->size && got != 0) {
		got = read_some(r, f, off);
		if (got < 0) {
			*bad = errno;
			break;
		}
		hash_add(h, r->chunk, (size_t)got);
		off += (uint64_t)got;
		r->out->bytes += (uint64_t)got;
		rc = scrub_pace(r, (uint64_t)got, e);
	}
	digest_final(alg, h, out);
	hash_free(h);
	return rc;
}

int scrub_blobs_is(struct scrub *r, int fd, uint64_t size, const struct digest *d,
		   bool *right, struct err *e)
{
	struct file f = { .fd = fd, .size = size };
	struct digest real;
	int bad, rc = hash_file(r, &f, d->alg, &real, &bad, e);

	if (rc == 0)
		*right = bad == 0 && digest_equal(&real, d);
	return rc;
}

static void say_unsteady(const char *path)
{
	log_event(LOG_ERROR, "scrub.unsteady", LS("path", path),
		  LS("what",
		     "read twice, its bytes were wrong once: the disk, its cable or "
		     "the memory may be failing"));
}

static int check_bytes(struct scrub *r, const struct digest *d, const char *path,
		       struct file *f, struct err *e)
{
	enum scrub_kind kind = SCRUB_CORRUPT;
	char why[160] = "its bytes have another digest";
	struct digest real;
	struct err failed;
	int bad, tries;

	for (tries = 0; tries < 2; tries++) {
		if (hash_file(r, f, d->alg, &real, &bad, e) != 0)
			return -1;
		if (bad == 0 && digest_equal(&real, d)) {
			if (tries > 0)
				say_unsteady(path);
			return 0;
		}
	}
	if (bad != 0) {
		kind = SCRUB_UNREADABLE;
		snprintf(why, sizeof(why), "reading it fails: %s", strerror(bad));
		err_set(&failed, ERR_IO, "%s", why);
		failed.errnum = bad;
		if (!quarantine_is_due(&failed)) { /* not the file's fault */
			scrub_tell(r, kind, SCRUB_LEFT, true, path, why);
			return 0;
		}
	}
	scrub_wounds_take(r, d, f->fd, kind, why);
	return 0;
}

/* Not ours to read. What we own can be made so. */
static int open_again(struct scrub *r, const char *path, const struct stat *st, int how)
{
	int fd = -1;

	if (!r->ask->look && st->st_uid == geteuid() &&
	    fchmodat(r->s->dirfd, path, (st->st_mode & 07777) | S_IRUSR | S_IWUSR, 0) ==
		    0)
		fd = openat(r->s->dirfd, path, how);
	if (fd >= 0)
		scrub_tell(r, SCRUB_UNREADABLE, SCRUB_MENDED, true, path,
			   "its mode did not let its owner read it");
	return fd;
}

static void not_ours(struct scrub *r, const struct digest *d, const char *path,
		     const struct stat *st)
{
	struct wound *w;
	char why[160];

	snprintf(why, sizeof(why),
		 "it belongs to user %u and has mode %04o, larder runs as user %u: chown "
		 "or "
		 "chmod it",
		 (unsigned)st->st_uid, (unsigned)st->st_mode & 07777,
		 (unsigned)geteuid());
	w = scrub_wounds_add(r, d, SCRUB_UNREADABLE, why);
	if (w == NULL)
		scrub_tell(r, SCRUB_UNREADABLE, SCRUB_LEFT, true, path, why);
}

/* The descriptor, or -1: *gone, or something has been said of it. */
static int open_blob(struct scrub *r, const struct digest *d, const char *path,
		     bool *direct, bool *gone)
{
	int how = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
	struct stat st;
	int fd = openat(r->s->dirfd, path, how | O_DIRECT);

	*direct = fd >= 0;
	*gone = false;
	if (fd < 0 && errno == EINVAL)
		fd = openat(r->s->dirfd, path, how);
	if (fd >= 0)
		return fd;
	*gone = errno == ENOENT;
	if (*gone || fstatat(r->s->dirfd, path, &st, 0) != 0)
		return -1;
	if (errno == EACCES || errno == EPERM || (st.st_mode & S_IRUSR) == 0)
		fd = open_again(r, path, &st, how);
	if (fd < 0)
		not_ours(r, d, path, &st);
	return fd;
}

static int check_blob(struct scrub *r, const struct digest *d, const char *path,
		      struct file *f, struct err *e)
{
	struct digest nothing;
	struct stat st;

	if (fstat(f->fd, &st) != 0)
		return 0;
	if (!S_ISREG(st.st_mode)) {
		scrub_tell(r, SCRUB_STRAY, SCRUB_TOLD, false, path, "it is not a file");
		return 0;
	}
	f->size = (uint64_t)st.st_size;
	r->out->blobs++;
	digest_of(d->alg, "", 0, &nothing);
	if (st.st_size == 0 && !digest_equal(d, &nothing)) {
		scrub_wounds_take(r, d, f->fd, SCRUB_EMPTY, "it has no bytes");
		return scrub_step(r, e);
	}
	return check_bytes(r, d, path, f, e);
}

/* A blob's folder without it: the sweep takes both, so a file that was here was lost; or
 * somebody is about to put one, or a crash came between the two. */
static void no_blob(struct scrub *r, const struct digest *d)
{
	struct wound *w = scrub_wounds_find(r, d);

	if (marks_has(r->right, d))
		return;
	if (w == NULL)
		w = scrub_wounds_add(r, d, SCRUB_MISSING,
				     "the blob is gone; its folder is here");
	if (w != NULL && w->kind == SCRUB_MISSING)
		w->perhaps = w->out = true;
}

static int look_at_file(void *arg, int dirfd, const char *name, struct err *e)
{
	struct folder *f = arg;
	layout_path path;

	if (strcmp(name, "data") != 0 &&
	    (size_t)snprintf(path, sizeof(path), "%s/%s", f->path, name) < sizeof(path))
		scrub_tell(f->r, SCRUB_STRAY, SCRUB_TOLD, false, path,
			   "only a blob's data belongs here");
	return 0;
}

static int look_into(struct folder *f, const struct digest *d, const char *name,
		     struct err *e)
{
	struct folder inside = { .r = f->r };
	struct scrub *r = f->r;
	layout_path path;
	struct file file = { .fd = -1 };
	bool gone;
	int rc;

	if (r->wanted != NULL && !marks_has(r->wanted, d))
		return 0;
	layout_blob(path, d);
	if (r->wanted == NULL &&
	    (size_t)snprintf(inside.path, sizeof(inside.path), "%s/%s", f->path, name) <
		    sizeof(inside.path))
		fs_each(r->s->dirfd, inside.path, look_at_file, &inside, NULL);
	file.fd = open_blob(r, d, path, &file.direct, &gone);
	if (file.fd < 0) {
		if (gone)
			no_blob(r, d);
		return scrub_step(r, e);
	}
	rc = check_blob(r, d, path, &file, e);
	close(file.fd);
	return rc;
}

static int look_at_digest(void *arg, int dirfd, const char *name, struct err *e)
{
	struct folder *f = arg;
	char text[DIGEST_TEXT_MAX];
	layout_path path;
	struct digest d;
	unsigned part;

	if ((size_t)snprintf(text, sizeof(text), "%s:%s", f->alg, name) < sizeof(text) &&
	    digest_parse(view_of(text), &d, NULL) == 0 && d.bytes[0] == f->first) {
		part = d.bytes[1] / PARTS;
		return part >= f->from && part < f->to ? look_into(f, &d, name, e) : 0;
	}
	if (f->r->wanted == NULL && f->from == 0 &&
	    (size_t)snprintf(path, sizeof(path), "%s/%s", f->path, name) < sizeof(path))
		scrub_tell(f->r, SCRUB_STRAY, SCRUB_TOLD, false, path,
			   "its name is no digest that begins so");
	return 0;
}

/* Who works in slices takes a folder part by part. One that we may not read says so; that
 * is all that is in it. */
static int look_at_place(struct scrub *r, struct err *e)
{
	unsigned at = r->state.at / PARTS, part = r->state.at % PARTS;
	struct folder f = { .r = r,
			    .alg = algs[at / FOLDERS],
			    .first = at % FOLDERS,
			    .from = part,
			    .to = r->ask->slice_ms > 0 ? part + 1 : PARTS };
	struct err why = { 0 };
	int rc;

	snprintf(f.path, sizeof(f.path), LAYOUT_BLOBS "/%s/%02x", f.alg, f.first);
	rc = fs_each(r->s->dirfd, f.path, look_at_digest, &f, &why);
	if (rc != 0 && why.kind == ERR_CANCELLED) {
		*e = why;
		return -1;
	}
	if (rc != 0)
		f.to = PARTS;
	if (rc != 0 && why.kind != ERR_NOT_FOUND)
		scrub_tell(r, SCRUB_UNREADABLE, SCRUB_LEFT, true, f.path, why.msg);
	r->state.at += f.to - f.from;
	return 0;
}

int scrub_blobs(struct scrub *r, struct err *e)
{
	while (r->state.at < SCRUB_PLACES) {
		if (look_at_place(r, e) != 0)
			return -1;
		if (scrub_over(r) && r->state.at < SCRUB_PLACES)
			return ENDED;
		scrub_state_note(r);
	}
	return 0;
}
