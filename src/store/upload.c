/*
 * upload.c - upload sessions.
 *
 * us->mu guards the table and `held`. Everything else of an upload is its user's, who
 * holds it; one at rest is nobody's and may be dropped from memory at any time. A held
 * upload's file is locked (flock), so that two processes do not write one file. The lock
 * is on an inode: after locking, the name must still lead to it.
 */
#include "store/upload.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/blob.h"
#include "store/keep.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/room.h"
#include "store/stake.h"

#define READ_BYTES (256u << 10)
#define FLUSH_BYTES (8u << 20) /* written back in the background in such steps */

struct uploads {
	struct store *store;
	pthread_mutex_t mu;
	struct map *known; /* by path */
};

struct upload {
	struct uploads *home;
	struct reponame name;
	char id[UPLOAD_ID_BYTES + 1];
	layout_path path;
	bool held;
	bool gone;	    /* committed or cancelled */
	int fd;		    /* -1: not open */
	uint64_t size;	    /* bytes that have come */
	uint64_t flushed;   /* bytes whose writing back has been begun */
	struct hash *hash;  /* of the first `size` bytes; NULL: not known */
	struct stake stake; /* while it is held */
	enum hash_alg alg;
};

struct uploads *uploads_new(struct store *s)
{
	struct uploads *us = mem_alloc(sizeof(*us));

	us->store = s;
	pthread_mutex_init(&us->mu, NULL);
	us->known = map_new(SIZE_MAX); /* one a request, and UPLOAD_MAX_KNOWN at rest */
	return us;
}

static void forget(struct upload *u)
{
	mem_closep(&u->fd);
	hash_free(u->hash);
	free(u);
}

static void forget_any(void *u)
{
	forget(u);
}

void uploads_free(struct uploads *us)
{
	if (us == NULL)
		return;
	map_free(us->known, forget_any);
	pthread_mutex_destroy(&us->mu);
	free(us);
}

static bool drop_at_rest(void *value, void *arg)
{
	struct upload *u = value;

	if (u->held)
		return false;
	forget(u);
	return true;
}

/* --- finding and taking --- */

static bool is_id(struct view id)
{
	size_t i;

	for (i = 0; i < id.n; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23
			    ? id.p[i] != '-'
			    : strchr("0123456789abcdef", id.p[i]) == NULL ||
				      id.p[i] == '\0')
			return false;
	return id.n == UPLOAD_ID_BYTES;
}

static int no_such(const struct reponame *name, struct view id, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "%s has no upload %.*s; begin a new one",
		       name->s, (int)(id.n < 64 ? id.n : 64), id.p);
}

/* The session's entry, held from now on; made where there is none. */
static struct upload *take(struct uploads *us, const struct reponame *name,
			   struct view id, struct err *e)
{
	struct upload *u;
	layout_path path;

	layout_upload(path, name, id.p);
	pthread_mutex_lock(&us->mu);
	u = map_get(us->known, path);
	if (u != NULL && u->held) {
		pthread_mutex_unlock(&us->mu);
		err_set(e, ERR_BUSY, "upload %.*s is in use by another request",
			(int)id.n, id.p);
		return NULL;
	}
	if (u == NULL) {
		if (map_count(us->known) >= UPLOAD_MAX_KNOWN)
			map_sweep(us->known, drop_at_rest, NULL);
		u = mem_alloc(sizeof(*u));
		u->home = us;
		u->name = *name;
		u->fd = -1;
		memcpy(u->id, id.p, UPLOAD_ID_BYTES);
		memcpy(u->path, path, sizeof(path));
		map_put(us->known, path, u);
	}
	u->held = true;
	pthread_mutex_unlock(&us->mu);
	return u;
}

void upload_close(struct upload *u)
{
	struct uploads *us;
	bool over;

	if (u == NULL)
		return;
	us = u->home;
	over = u->gone || u->fd < 0;
	stake_end(&u->stake);
	if (u->fd >= 0)
		flock(u->fd, LOCK_UN);
	pthread_mutex_lock(&us->mu);
	u->held = false;
	if (over)
		map_del(us->known, u->path);
	pthread_mutex_unlock(&us->mu);
	if (over)
		forget(u);
}

/* The file is open and locked: is it still the session's, and as it was left? */
static int settle(struct upload *u, struct err *e)
{
	struct stat st, named;

	if (fstat(u->fd, &st) != 0)
		return err_errno(e, "cannot stat %s", u->path);
	if (fstatat(u->home->store->dirfd, u->path, &named, 0) != 0 ||
	    named.st_ino != st.st_ino || named.st_dev != st.st_dev) {
		u->gone = true;
		return no_such(&u->name, view_of(u->id), e);
	}
	if ((uint64_t)st.st_size != u->size) { /* of an earlier process, or another's */
		hash_free(u->hash);
		u->hash = NULL;
		u->size = u->flushed = (uint64_t)st.st_size;
	}
	u->stake = stake_of(u->home->store, u->size, true);
	return 0;
}

static int open_file(struct upload *u, int flags, struct err *e)
{
	if (u->fd < 0) {
		if (fault("store.upload"))
			return err_errno(e, "cannot open %s", u->path);
		u->fd = openat(u->home->store->dirfd, u->path, O_RDWR | O_CLOEXEC | flags,
			       0644);
	}
	if (u->fd < 0)
		return err_errno(e, "cannot open %s", u->path);
	if (flock(u->fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(e, ERR_BUSY, "upload %s is in use by another process",
			       u->id);
	return settle(u, e);
}

int upload_open(struct uploads *us, const struct reponame *name, struct view id,
		struct upload **out, struct err *e)
{
	struct upload *u;
	struct err why;

	if (!is_id(id))
		return no_such(name, id, e);
	u = take(us, name, id, e);
	if (u == NULL)
		return -1;
	if (open_file(u, 0, &why) != 0) {
		if (why.kind == ERR_NOT_FOUND)
			no_such(name, id, &why);
		upload_close(u);
		if (e != NULL)
			*e = why;
		return -1;
	}
	*out = u;
	return 0;
}

static int make_id(char id[UPLOAD_ID_BYTES + 1], struct err *e)
{
	unsigned char r[16];

	if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
		return err_errno(e, "cannot get random bytes for an upload's id");
	r[6] = (unsigned char)((r[6] & 0x0f) | 0x40);
	r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
	snprintf(id, UPLOAD_ID_BYTES + 1,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11],
		 r[12], r[13], r[14], r[15]);
	return 0;
}

int upload_begin(struct uploads *us, const struct reponame *name, enum hash_alg alg,
		 struct upload **out, struct err *e)
{
	char id[UPLOAD_ID_BYTES + 1];
	struct upload *u;

	if (make_id(id, e) != 0 ||
	    fs_mkdirs(us->store->dirfd, LAYOUT_UPLOADS, false, e) != 0)
		return -1;
	u = take(us, name, view_of(id), e);
	if (u == NULL)
		return -1;
	if (open_file(u, O_CREAT | O_EXCL, e) != 0) {
		upload_close(u);
		return -1;
	}
	u->hash = hash_new(alg);
	u->alg = alg;
	*out = u;
	return 0;
}

const char *upload_id(const struct upload *u)
{
	return u->id;
}

uint64_t upload_bytes(const struct upload *u)
{
	return u->size;
}

int upload_look(struct uploads *us, const struct reponame *name, struct view id,
		uint64_t *bytes, struct err *e)
{
	layout_path path;
	struct stat st;

	if (!is_id(id))
		return no_such(name, id, e);
	layout_upload(path, name, id.p);
	if (fstatat(us->store->dirfd, path, &st, 0) != 0)
		return no_such(name, id, e);
	*bytes = (uint64_t)st.st_size;
	return 0;
}

/* --- bytes --- */

/* Nobody comes back for what did not fit, and what there is of it takes the room that all
 * others lack. */
static int no_room(struct upload *u, const struct err *why, struct err *e)
{
	if (why->kind == ERR_NO_SPACE || why->kind == ERR_LIMIT)
		upload_cancel(u);
	if (e != NULL)
		*e = *why;
	return err_add(e, "upload %s", u->id);
}

static int add(struct upload *u, const void *p, size_t n, struct err *e)
{
	int rc;

	if (n > UPLOAD_MAX_BYTES - u->size)
		return err_set(e, ERR_LIMIT, "a blob may have %llu bytes at the most",
			       (unsigned long long)UPLOAD_MAX_BYTES);
	/* Threads that serve come here: room is there or it is not. */
	if (stake_need(&u->stake, u->size + n, 0, e) != 0)
		return -1;
	room_other_begin(u->home->store);
	rc = fs_pwrite_all(u->fd, p, n, u->size, e);
	if (rc == 0)
		stake_now(&u->stake, u->size + n);
	else if (ftruncate(u->fd, (off_t)u->size) != 0)
		u->gone = true; /* nobody knows what it holds */
	room_other_end(u->home->store);
	if (rc != 0) {
		stake_settle(&u->stake);
		return -1;
	}
	if (u->hash != NULL)
		hash_add(u->hash, p, n);
	u->size += n;
	if (u->size - u->flushed >= FLUSH_BYTES) {
		/* Only a hint: the end is waited for in upload_commit. */
		sync_file_range(u->fd, (off_t)u->flushed, (off_t)(u->size - u->flushed),
				SYNC_FILE_RANGE_WRITE);
		u->flushed = u->size;
	}
	return 0;
}

int upload_add(struct upload *u, const void *p, size_t n, struct err *e)
{
	struct err why;

	return add(u, p, n, &why) == 0 ? 0 : no_room(u, &why, e);
}

void upload_cut(struct upload *u, uint64_t bytes)
{
	room_other_begin(u->home->store);
	if (ftruncate(u->fd, (off_t)bytes) != 0)
		upload_cancel(u);
	else
		stake_now(&u->stake, bytes);
	room_other_end(u->home->store);
	hash_free(u->hash);
	u->hash = NULL;
	u->size = u->flushed = bytes;
}

static int read_again(struct upload *u, enum hash_alg alg, struct err *e)
{
	CLEANUP(hash_freep)
	struct hash *h = hash_new(alg);
	char *chunk = mem_alloc(READ_BYTES);
	uint64_t off = 0;
	ssize_t got = 1;

	while (off < u->size && got > 0) {
		got = pread(u->fd, chunk, READ_BYTES, (off_t)off);
		if (got > 0) {
			hash_add(h, chunk, (size_t)got);
			off += (uint64_t)got;
		}
	}
	free(chunk);
	if (got < 0)
		return err_errno(e, "cannot read %s", u->path);
	if (off < u->size)
		return err_set(e, ERR_IO, "%s has become shorter", u->path);
	hash_free(u->hash);
	u->hash = TAKE(h);
	u->alg = alg;
	return 0;
}

static int prove(struct upload *u, const struct digest *d, struct err *e)
{
	char want[DIGEST_TEXT_MAX], have[DIGEST_TEXT_MAX];
	struct digest real;
	struct hash *h;

	if ((u->hash == NULL || u->alg != d->alg) && read_again(u, d->alg, e) != 0)
		return -1;
	h = hash_copy(u->hash);
	digest_final(d->alg, h, &real);
	hash_free(h);
	if (digest_equal(&real, d))
		return 0;
	digest_text(d, want);
	digest_text(&real, have);
	return err_set(e, ERR_CORRUPT, "the %llu bytes sent have the digest %s, not %s",
		       (unsigned long long)u->size, have, want);
}

/* Over what has the name already: these bytes are known to be right. */
static int give_name(struct upload *u, const struct digest *d, const char *path,
		     struct err *e)
{
	struct store *s = u->home->store;
	struct stat st, named;
	uint64_t was = 0;
	int rc;

	room_blob_begin(s, d);
	if (fstatat(s->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
		was = (uint64_t)st.st_size;
	rc = fs_place(s->dirfd, u->path, path, FS_REPLACE, true, e);
	/* It may have the name though the disk did not say so. */
	if (rc == 0 ||
	    (fstat(u->fd, &st) == 0 && fstatat(s->dirfd, path, &named, 0) == 0 &&
	     named.st_ino == st.st_ino))
		stake_is_blob(&u->stake, d, was);
	else
		room_blob_end(s, d, 0);
	return rc;
}

int upload_commit(struct upload *u, const struct digest *d, struct err *e)
{
	struct store *s = u->home->store;
	layout_path path;
	struct err why;

	if (prove(u, d, e) != 0)
		return -1;
	layout_blob(path, d);
	keep_file(u->fd);
	/* The link first, though it promises what is not there for a moment: a collection
	 * that comes between would take what nothing names. One that was there already
	 * may be so old that a collection is just removing it. */
	if (fs_sync(u->fd, &why) != 0 ||
	    link_add(s, LINK_LAYER, &u->name, d, true, &why) != 0)
		return no_room(u, &why, e);
	keep_link_only(s, &u->name, d);
	if (give_name(u, d, path, &why) != 0)
		return no_room(u, &why, e);
	u->gone = true;
	return keep_link(s, &u->name, d) ? 0
					 : link_add(s, LINK_LAYER, &u->name, d, true, e);
}

void upload_cancel(struct upload *u)
{
	room_other_begin(u->home->store);
	if (fs_unlink(u->home->store->dirfd, u->path, NULL) == 0)
		stake_unname(&u->stake);
	room_other_end(u->home->store);
	u->gone = true;
}

/* --- the end of those nobody comes back to --- */

struct expiry {
	struct store *store;
	int64_t before_ms;
	unsigned n;
};

/* A session that is at rest in memory finds, when it is asked for, that its name has
 * gone. */
static int expire(void *arg, int dirfd, const char *file, struct err *e)
{
	struct expiry *x = arg;
	struct stat st;
	CLEANUP(mem_closep)
	int fd = openat(dirfd, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	room_other_begin(x->store);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
	    S_ISREG(st.st_mode) && (int64_t)st.st_mtim.tv_sec * 1000 < x->before_ms &&
	    fs_unlink(dirfd, file, NULL) == 0) {
		room_sub(x->store, (uint64_t)st.st_size);
		x->n++;
	}
	room_other_end(x->store);
	return 0;
}

unsigned uploads_expire(struct uploads *us, int64_t age_ms)
{
	struct expiry x = { us->store, clock_wall_ms() - age_ms, 0 };

	fs_each(us->store->dirfd, LAYOUT_UPLOADS, expire, &x, NULL);
	return x.n;
}
