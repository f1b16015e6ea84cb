/*
 * census.c - directories, one slice of digests after the other.
 */
#include "store/census.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fs.h"
#include "store/layout.h"
#include "store/room.h"
#include "store/room_count.h"
#include "store/walk.h"

#define TRIES 300    /* to find a moment in which nothing moves, ... */
#define PAUSE_MS 2   /* so far apart: what is under way there ends with the disk */
#define LAST_TRIES 3 /* of slices in which there was none, at the end */
#define STEP 64	     /* files between two breaths */

struct census {
	struct store *s;
	bool (*breathe)(void *arg);
	void *arg;
	unsigned steps;
	uint64_t bytes;
};

static int breathe(struct census *c, struct err *e)
{
	if (c->breathe != NULL && !c->breathe(c->arg))
		return err_set(e, ERR_CANCELLED, "the count was stopped");
	return 0;
}

static int add_blob(void *arg, const struct digest *d, struct err *e)
{
	struct census *c = arg;
	layout_path path;
	struct stat st;

	layout_blob(path, d);
	if (fstatat(c->s->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode))
		c->bytes += (uint64_t)st.st_size;
	return ++c->steps % STEP == 0 ? breathe(c, e) : 0;
}

static int add_file(void *arg, int dirfd, const char *name, struct err *e)
{
	struct census *c = arg;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
		c->bytes += (uint64_t)st.st_size;
	return 0;
}

static int add_folder(struct census *c, const char *path, struct err *e)
{
	struct err why;

	if (fs_each(c->s->dirfd, path, add_file, c, &why) == 0 ||
	    why.kind == ERR_NOT_FOUND)
		return 0;
	if (e != NULL)
		*e = why;
	return -1;
}

static int walk_slice(struct census *c, unsigned slice, struct err *e)
{
	c->bytes = 0;
	if (slice < ROOM_SLICES)
		return walk_blobs(c->s, slice << 8, (slice + 1) << 8, add_blob, c, e);
	if (add_folder(c, LAYOUT_PARTIALS, e) != 0)
		return -1;
	return add_folder(c, LAYOUT_UPLOADS, e);
}

static void pause_ms(long ms)
{
	const struct timespec ts = { .tv_nsec = ms * 1000000 };

	nanosleep(&ts, NULL);
}

/* 1: something moved all the time. What was counted then would be wrong for good: a file
 * that comes while it is counted is said once more by who brings it. */
static int count_slice(struct census *c, unsigned slice, unsigned most, struct err *e)
{
	struct room_count count;
	unsigned tries;

	for (tries = 0; tries < most; tries++) {
		if (tries > 0)
			pause_ms(PAUSE_MS);
		if (!room_count_begin(c->s, slice, &count)) {
			if (breathe(c, e) != 0)
				return -1;
			continue;
		}
		if (walk_slice(c, slice, e) != 0)
			return -1;
		if (room_count_end(c->s, &count, c->bytes))
			return 0;
	}
	return 1;
}

int census_run(struct store *s, bool (*breathe_fn)(void *arg), void *arg, struct err *e)
{
	struct census c = { .s = s, .breathe = breathe_fn, .arg = arg };
	bool open[ROOM_SLICES + 1], all = true;
	unsigned i, slice;
	int rc;

	/* What is no blob first, since it needs a quiet moment and this may be the start.
	 */
	for (i = 0; i <= ROOM_SLICES; i++) {
		slice = (i + ROOM_SLICES) % (ROOM_SLICES + 1);
		rc = breathe(&c, e) != 0 ? -1 : count_slice(&c, slice, TRIES, e);
		if (rc < 0)
			return -1;
		open[slice] = rc > 0;
	}
	for (slice = 0; slice <= ROOM_SLICES; slice++) {
		rc = open[slice] ? count_slice(&c, slice, LAST_TRIES * TRIES, e) : 0;
		if (rc < 0)
			return -1;
		all = all && rc == 0;
	}
	room_counted(s, all);
	return 0;
}
