/*
 * lasting.c - which directories have been synced into the one above, by inode and time of
 * birth. Entries replace each other; a lost one costs another fsync.
 */
#include "base/lasting.h"

#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fs.h"

#define SEEN 1024

static _Atomic uint64_t seen[SEEN];

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

/* What tells it from all others, also from a later one with the same inode. */
static uint64_t key_of(const struct statx *st)
{
	uint64_t h = mix(st->stx_dev_major, st->stx_dev_minor);

	h = mix(h, st->stx_ino);
	h = mix(h, (uint64_t)st->stx_btime.tv_sec);
	return mix(h, st->stx_btime.tv_nsec) | 1;
}

/* Where the time of birth is not kept, that of the last change is: then it is young more
 * often than it need be. A time ahead of the clock says nothing. */
static bool is_old(const struct statx *st)
{
	const struct statx_timestamp *born =
		(st->stx_mask & STATX_BTIME) != 0 ? &st->stx_btime : &st->stx_ctime;
	struct timespec now;
	int64_t age_ms;

	clock_gettime(CLOCK_REALTIME, &now);
	age_ms = ((int64_t)now.tv_sec - born->tv_sec) * 1000;
	return age_ms >= LASTING_OLD_MS;
}

int lasting_dir(int dirfd, const char *path, struct err *e)
{
	char at[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof(at))
		return err_set(e, ERR_LIMIT, "path is longer than %d bytes", PATH_MAX);
	memcpy(at, path, n + 1);
	for (;;) {
		struct statx st;
		uint64_t key;
		char *slash;

		if (statx(dirfd, at, 0, STATX_INO | STATX_BTIME | STATX_CTIME, &st) != 0)
			return err_errno(e, "cannot stat %s", at);
		if (is_old(&st))
			return 0;
		key = key_of(&st);
		if ((st.stx_mask & STATX_BTIME) == 0 ||
		    atomic_load(&seen[key % SEEN]) != key) {
			if (fs_sync_parent(dirfd, at, e) != 0)
				return -1;
			atomic_store(&seen[key % SEEN], key);
		}
		slash = strrchr(at, '/');
		if (slash == NULL || slash == at)
			return 0;
		*slash = '\0';
	}
}
