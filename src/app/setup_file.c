/*
 * setup_file.c - reading, comparing and exchanging a client's configuration file.
 */
#include "app/setup_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"

#define COPY_ENDS ".before-larder"

static bool same(const struct buf *a, const struct buf *b)
{
	return a->n == b->n && memcmp(buf_str(a), buf_str(b), a->n) == 0;
}

/* Where the file is that path leads to; path itself when there is none yet. */
static char *follow(const char *path, struct err *e)
{
	char *real = realpath(path, NULL);
	struct stat st;

	if (real != NULL)
		return real;
	if (errno != ENOENT) {
		err_errno(e, "cannot look at %s", path);
		return NULL;
	}
	if (lstat(path, &st) == 0) {
		err_set(e, ERR_INVALID,
			"%s is a link to a file that is not there; make that file, or "
			"remove the link",
			path);
		return NULL;
	}
	return mem_dup(path);
}

/* 1: read; 0: there is none; -1. Other kinds of files would block, or never end. */
static int read_text(const char *path, struct buf *out, struct err *e)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return errno == ENOENT ? 0 : err_errno(e, "cannot look at %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "%s is no regular file", path);
	return fs_read(AT_FDCWD, path, out, e) == 0 ? 1 : -1;
}

static int read_both(struct setup_file *f, const char *path)
{
	int found;

	f->path = follow(path, &f->e);
	if (f->path == NULL)
		return -1;
	f->copy = mem_fmt("%s" COPY_ENDS, f->path);
	found = read_text(f->path, &f->now, &f->e);
	if (found < 0)
		return -1;
	f->exists = found == 1;
	found = read_text(f->copy, &f->before, &f->e);
	f->has_copy = found == 1;
	return found < 0 ? -1 : 0;
}

static struct client_text text_of(const struct setup_file *f, const struct buf *now)
{
	return (struct client_text){ .now = buf_view(now),
				     .before = buf_view(&f->before),
				     .registry = f->registry };
}

/* The file as it was has nothing of ours, else it would be no copy to go back to. */
static int wants_copy(struct setup_file *f, const struct client *c, const struct wish *w)
{
	CLEANUP(buf_done)
	struct buf without = BUF_INIT(CLIENT_MAX_BYTES);
	struct client_text t = text_of(f, &f->now);

	if (!f->exists || f->has_copy)
		return 0;
	if (c->take(&t, w, &without, &f->e) != 0)
		return -1;
	return same(&without, &f->now);
}

static int plan_add(struct setup_file *f, const struct client *c, const struct wish *w)
{
	struct client_text t = text_of(f, &f->now);
	int copy;

	if (c->add(&t, w, &f->next, &f->e) != 0)
		return -1;
	if (f->exists && same(&f->next, &f->now))
		return 0;
	f->step = SETUP_WRITE;
	copy = wants_copy(f, c, w);
	f->makes_copy = copy == 1;
	return copy < 0 ? -1 : 0;
}

/* What is there differs from the copy by nothing but what is ours. */
static bool is_as_we_left_it(const struct setup_file *f, const struct client *c,
			     const struct wish *w)
{
	CLEANUP(buf_done)
	struct buf with = BUF_INIT(CLIENT_MAX_BYTES), again = BUF_INIT(CLIENT_MAX_BYTES);
	struct client_text t = text_of(f, &f->before);

	if (!f->has_copy || c->add(&t, w, &with, NULL) != 0)
		return false;
	t = text_of(f, &with);
	return c->take(&t, w, &again, NULL) == 0 && same(&again, &f->next);
}

static int plan_take(struct setup_file *f, const struct client *c, const struct wish *w)
{
	struct client_text t = text_of(f, &f->now);

	if (!f->exists)
		return 0;
	if (c->take(&t, w, &f->next, &f->e) != 0)
		return -1;
	if (same(&f->next, &f->now))
		return 0;
	if (is_as_we_left_it(f, c, w)) {
		f->step = SETUP_RESTORE;
		buf_clear(&f->next);
		buf_add(&f->next, buf_str(&f->before), f->before.n);
	} else {
		f->step = f->next.n > 0 ? SETUP_WRITE : SETUP_REMOVE;
	}
	return 0;
}

void setup_file_plan(struct setup_file *f, const char *path, const char *registry,
		     const struct client *c, const struct wish *w, bool undo)
{
	int rc;

	*f = (struct setup_file){ .registry = mem_dup(registry),
				  .now = BUF_INIT(CLIENT_MAX_BYTES),
				  .next = BUF_INIT(CLIENT_MAX_BYTES),
				  .before = BUF_INIT(CLIENT_MAX_BYTES) };
	rc = read_both(f, path);
	if (rc == 0) {
		rc = undo ? plan_take(f, c, w) : plan_add(f, c, w);
		if (rc != 0)
			err_add(&f->e, "%s", f->path);
	}
	f->failed = rc != 0;
	if (f->failed)
		f->step = SETUP_NOTHING;
	if (f->path == NULL)
		f->path = mem_dup(path);
}

static int is_unchanged(struct setup_file *f)
{
	CLEANUP(buf_done)
	struct buf now = BUF_INIT(CLIENT_MAX_BYTES);
	int found = read_text(f->path, &now, &f->e);

	if (found < 0)
		return -1;
	if ((found == 1) != f->exists || !same(&now, &f->now))
		return err_set(&f->e, ERR_BUSY,
			       "%s has been changed meanwhile; nothing was written: run "
			       "this again",
			       f->path);
	return 0;
}

static int remove_file(const char *path, struct err *e)
{
	if (fs_unlink(AT_FDCWD, path, e) != 0)
		return -1;
	return fs_sync_parent(AT_FDCWD, path, e);
}

static int put(const struct setup_file *f, const char *path, const struct buf *text,
	       enum fs_place how, struct err *e)
{
	return fs_put(AT_FDCWD, path, f->path, buf_str(text), text->n, how, e);
}

static int act(struct setup_file *f)
{
	if (is_unchanged(f) != 0)
		return -1;
	switch (f->step) {
	case SETUP_WRITE:
		if (f->makes_copy && put(f, f->copy, &f->now, FS_NOREPLACE, &f->e) != 0)
			return -1;
		return put(f, f->path, &f->next, FS_REPLACE, &f->e);
	case SETUP_REMOVE:
		return remove_file(f->path, &f->e);
	case SETUP_RESTORE:
		if (put(f, f->path, &f->before, FS_REPLACE, &f->e) != 0)
			return -1;
		return remove_file(f->copy, &f->e);
	default:
		return 0;
	}
}

int setup_file_do(struct setup_file *f)
{
	int rc = act(f);

	f->failed = rc != 0;
	return rc;
}

void setup_file_done(struct setup_file *f)
{
	free(f->path);
	free(f->copy);
	free(f->registry);
	buf_done(&f->now);
	buf_done(&f->next);
	buf_done(&f->before);
}
