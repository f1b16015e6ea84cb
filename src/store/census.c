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
#define STEP 64	 /* files between two breaths */

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

static int count_slice(struct census *c, unsigned slice, struct err *e)
{
	struct room_count count;
	unsigned tries;

	for (tries = 1; tries <= TRIES; tries++) {
		bool quiet = room_count_begin(c->s, slice, &count);

		if (!quiet && tries < TRIES) {
			if (breathe(c, e) != 0)
				return -1;
			continue;
		}
		if (walk_slice(c, slice, e) != 0)
			return -1;
		/* Of downloads under way something always moves: what is known of them
		 * is as good as what could be counted, unless nothing is. */
		if (room_count_end(c->s, &count, c->bytes,
				   tries == TRIES &&
					   (slice < ROOM_SLICES ||
					    room_known(c->s) == ROOM_NOT_COUNTED)))
			return 0;
	}
	return 0;
}

int census_run(struct store *s, bool (*breathe_fn)(void *arg), void *arg, struct err *e)
{
	struct census c = { .s = s, .breathe = breathe_fn, .arg = arg };
	unsigned slice;

	for (slice = 0; slice <= ROOM_SLICES; slice++)
		if (breathe(&c, e) != 0 || count_slice(&c, slice, e) != 0)
			return -1;
	room_counted(s);
	return 0;
}
