/*
 * census.c - directories, one slice of digests after the other.
 */
#include "store/census.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "store/layout.h"
#include "store/room.h"
#include "store/room_count.h"
#include "store/walk.h"

#define TRIES 10 /* then a slice in which much goes on is taken as it is */
#define OTHER_TRIES                                                                      \
	300	/* of downloads under way, which are known but for a first time          \
		 */
#define STEP 64 /* files between two breaths */

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

/* 1: something moved all the time. */
static int count_slice(struct census *c, unsigned slice, struct err *e)
{
	unsigned tries, most = slice < ROOM_SLICES ? TRIES : OTHER_TRIES;
	struct room_count count;

	for (tries = 1; tries <= most; tries++) {
		bool quiet = room_count_begin(c->s, slice, &count);
		bool force = tries == most && slice < ROOM_SLICES;

		if (!quiet && !force) {
			if (breathe(c, e) != 0)
				return -1;
			continue;
		}
		if (walk_slice(c, slice, e) != 0)
			return -1;
		if (room_count_end(c->s, &count, c->bytes, force))
			return 0;
	}
	return 1;
}

int census_run(struct store *s, bool (*breathe_fn)(void *arg), void *arg, struct err *e)
{
	struct census c = { .s = s, .breathe = breathe_fn, .arg = arg };
	/* First, since it needs a quiet moment and this may be the start. */
	int others = count_slice(&c, ROOM_SLICES, e);
	unsigned slice;

	if (others < 0)
		return -1;
	for (slice = 0; slice < ROOM_SLICES; slice++)
		if (breathe(&c, e) != 0 || count_slice(&c, slice, e) < 0)
			return -1;
	if (others != 0)
		others = count_slice(&c, ROOM_SLICES, e);
	if (others < 0)
		return -1;
	room_counted(s, others == 0);
	return 0;
}
