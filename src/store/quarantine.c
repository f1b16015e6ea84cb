/*
 * quarantine.c - a rename under the lock of keep.h, and records. No state.
 */
#include "store/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/keep.h"
#include "store/layout.h"

static bool is_same(int fd, const struct stat *st)
{
	struct stat own;

	return fd < 0 || (fstat(fd, &own) == 0 && own.st_ino == st->st_ino &&
			  own.st_dev == st->st_dev);
}

/* Since now, by the clock that other times are compared with. */
static void set_time(struct store *s, const char *path)
{
	int64_t now_ms = clock_wall_ms();
	struct timespec at[2];

	at[0] = at[1] = (struct timespec){ .tv_sec = now_ms / 1000,
					   .tv_nsec = now_ms % 1000 * 1000000 };
	utimensat(s->dirfd, path, at, AT_SYMLINK_NOFOLLOW);
}

/* A writer's rename does not wait for the lock: where it has put a new file in place
 * between the look and the rename, that goes back. */
static int take_out(struct store *s, const char *from, const char *to, int fd,
		    struct err *e)
{
	struct stat st;

	if (fstatat(s->dirfd, from, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : err_errno(e, "cannot stat %s", from);
	if (!is_same(fd, &st))
		return 0;
	if (renameat(s->dirfd, from, s->dirfd, to) != 0)
		return errno == ENOENT ? 0 : err_errno(e, "cannot rename %s", from);
	if (fstatat(s->dirfd, to, &st, AT_SYMLINK_NOFOLLOW) != 0 || is_same(fd, &st))
		return 1;
	if (renameat(s->dirfd, to, s->dirfd, from) != 0)
		return err_errno(e, "cannot rename %s", to);
	return 0;
}

int quarantine_put(struct store *s, const struct digest *d, int fd, struct err *e)
{
	layout_path from, to;
	char text[DIGEST_TEXT_MAX];
	int lock, rc;

	layout_blob(from, d);
	layout_quarantine(to, d);
	if (fs_mkparents(s->dirfd, to, false, e) != 0 || keep_lock(s, &lock, e) != 0)
		return -1;
	rc = take_out(s, from, to, fd, e);
	keep_unlock(&lock);
	if (rc <= 0)
		return rc;
	set_time(s, to);
	digest_text(d, text);
	log_event(LOG_WARN, "store.quarantined", LS("digest", text),
		  LS("what",
		     "its bytes are wrong or cannot be read; it is not served any "
		     "more"));
	return 1;
}

bool quarantine_is_due(const struct err *e)
{
	return e->kind == ERR_CORRUPT || e->errnum == EIO || e->errnum == EBADMSG ||
	       e->errnum == EUCLEAN;
}

bool quarantine_has(struct store *s, const struct digest *d)
{
	layout_path path;
	struct stat st;

	layout_quarantine(path, d);
	return fstatat(s->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

struct each {
	int (*fn)(void *arg, const struct quarantined *q, struct err *e);
	void *arg;
	bool inside;
};

static int take(void *arg, int dirfd, const char *name, struct err *e)
{
	struct each *w = arg;
	char text[DIGEST_TEXT_MAX];
	struct quarantined q;
	struct stat st;
	char *dash;

	w->inside = true;
	if (strlen(name) >= sizeof(text))
		return 0;
	memcpy(text, name, strlen(name) + 1);
	dash = strchr(text, '-');
	if (dash != NULL)
		*dash = ':';
	if (digest_parse(view_of(text), &q.digest, NULL) != 0 ||
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	q.bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	q.since_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	return w->fn(w->arg, &q, e);
}

int quarantine_each(struct store *s,
		    int (*fn)(void *arg, const struct quarantined *q, struct err *e),
		    void *arg, struct err *e)
{
	struct each w = { fn, arg, false };
	struct err why = { 0 };
	int rc = fs_each(s->dirfd, LAYOUT_QUARANTINE, take, &w, &why);

	if (rc == -1 && !w.inside && why.kind == ERR_NOT_FOUND)
		return 0;
	if (rc == -1 && e != NULL)
		*e = why;
	return rc;
}

void quarantine_forget(struct store *s, const struct digest *d)
{
	layout_path path;

	layout_quarantine(path, d);
	fs_remove_tree(s->dirfd, path);
}

struct expiry {
	struct store *s;
	int64_t before_ms;
	uint64_t kept, freed;
};

static int expire_one(void *arg, const struct quarantined *q, struct err *e)
{
	struct expiry *x = arg;
	layout_path path;
	struct timespec at[2];
	int fd;

	if (q->since_ms >= x->before_ms && x->kept + q->bytes <= QUARANTINE_MAX_BYTES) {
		x->kept += q->bytes;
		return 0;
	}
	if (q->bytes == 0)
		return 0;
	layout_quarantine(path, &q->digest);
	fd = openat(x->s->dirfd, path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	at[0] = at[1] = (struct timespec){ .tv_sec = q->since_ms / 1000,
					   .tv_nsec = q->since_ms % 1000 * 1000000 };
	futimens(fd, at);
	close(fd);
	x->freed += q->bytes;
	return 0;
}

uint64_t quarantine_expire(struct store *s, int64_t age_ms)
{
	struct expiry x = { .s = s, .before_ms = clock_wall_ms() - age_ms };

	quarantine_each(s, expire_one, &x, NULL);
	return x.freed;
}
