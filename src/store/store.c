/*
 * store.c - opening and closing a store.
 *
 * The lock is flock(2) on larder/lock: it goes with the process, so a crash leaves none.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/layout.h"
#include "store/loose.h"
#include "store/mcache.h"
#include "store/room.h"

static int remove_one(void *arg, int dirfd, const char *name, struct err *e)
{
	uint64_t *removed = arg;

	fs_remove_tree(dirfd, name);
	++*removed;
	return 0;
}

/* What is in larder/tmp belongs to a process that has the store open; if none has, to
 * none. */
static void clear_tmp(struct store *s)
{
	uint64_t removed = 0;

	fs_each(s->dirfd, LAYOUT_TMP, remove_one, &removed, NULL);
	if (removed > 0)
		log_event(LOG_INFO, "store.leftovers_removed", LU("files", removed));
}

static int take_lock(struct store *s, struct err *e)
{
	bool alone;

	s->lockfd = openat(s->dirfd, LAYOUT_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (s->lockfd < 0)
		return err_errno(e, "cannot open %s/" LAYOUT_LOCK, s->root);
	alone = flock(s->lockfd, LOCK_EX | LOCK_NB) == 0;
	if (alone) {
		clear_tmp(s);
		s->room = room_open(s, true);
	}
	while (flock(s->lockfd, LOCK_SH) != 0)
		if (errno != EINTR)
			return err_errno(e, "cannot lock %s/" LAYOUT_LOCK, s->root);
	if (s->room == NULL)
		s->room = room_open(s, false);
	return 0;
}

/* A volume of another user's: the usual surprise of a container that is not root. */
static int check_writable(struct store *s, struct err *e)
{
	static const char *const dirs[] = { LAYOUT_REPOSITORIES, LAYOUT_BLOBS };

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		if (faccessat(s->dirfd, dirs[i], W_OK | X_OK, AT_EACCESS) != 0 &&
		    errno != ENOENT)
			return err_errno(e, "cannot write to %s", dirs[i]);
	return 0;
}

static void say_why(const char *root, struct err *e)
{
	char what[sizeof(e->msg)];

	if (e == NULL)
		return;
	if (e->kind != ERR_DENIED) {
		err_add(e, "store %s", root);
		return;
	}
	snprintf(what, sizeof(what), "%s", e->msg);
	err_set(e, ERR_DENIED,
		"store %s: %.200s; larder runs as user %u and group %u: give them the "
		"directory (chown -R %u:%u), run larder as its owner (docker run "
		"--user), "
		"or name another with --root",
		root, what, (unsigned)geteuid(), (unsigned)getegid(), (unsigned)geteuid(),
		(unsigned)getegid());
}

static struct store *store_new(const char *root)
{
	struct store *s = mem_alloc(sizeof(*s));

	s->dirfd = s->lockfd = -1;
	s->root = mem_dup(root);
	s->mcache = mcache_new();
	s->loose = loose_new();
	s->torn = map_new(STORE_MAX_TORN);
	pthread_mutex_init(&s->mu, NULL);
	return s;
}

int store_look(const char *root, struct store **out, struct err *e)
{
	static const char *const inside[] = { LAYOUT_REPOSITORIES, "larder",
					      "docker/registry" };
	struct store *s = store_new(root);
	struct stat st;
	size_t i;

	s->dirfd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			err_set(e, ERR_NOT_FOUND, "there is no store at %s", root);
		else
			err_errno(e, "cannot open the store %s", root);
		store_close(s);
		return -1;
	}
	for (i = 0; i < ARRAY_LEN(inside); i++) {
		if (fstatat(s->dirfd, inside[i], &st, 0) == 0) {
			*out = s;
			return 0;
		}
		if (errno != ENOENT) {
			err_errno(e, "cannot look into the store %s", root);
			store_close(s);
			return -1;
		}
	}
	store_close(s);
	return err_set(e, ERR_NOT_FOUND,
		       "there is no store at %s: nothing in it is one's", root);
}

bool store_in_use(struct store *s)
{
	int fd = openat(s->dirfd, LAYOUT_LOCK, O_RDONLY | O_CLOEXEC);
	bool used = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;

	mem_closep(&fd); /* and with it the lock */
	return used;
}

bool store_has_mirrored(struct store *s)
{
	struct stat st;

	return fstatat(s->dirfd, LAYOUT_CHECKS, &st, 0) == 0 ||
	       fstatat(s->dirfd, "scheduler-state.json", &st, 0) == 0;
}

int store_open(const char *root, struct store **out, struct err *e)
{
	struct store *s = store_new(root);

	if (fs_mkdirs(AT_FDCWD, root, true, e) != 0)
		goto fail;
	s->dirfd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0) {
		err_errno(e, "cannot open the store %s", root);
		goto fail;
	}
	/* Whose content need not last; what is put beside it sees to its own folders. */
	if (check_writable(s, e) != 0 || fs_mkdirs(s->dirfd, LAYOUT_TMP, false, e) != 0 ||
	    fs_mkdirs(s->dirfd, LAYOUT_PARTIALS, false, e) != 0 || take_lock(s, e) != 0)
		goto fail;
	*out = s;
	return 0;
fail:
	say_why(root, e);
	store_close(s);
	return -1;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	mcache_free(s->mcache);
	loose_free(s->loose);
	room_close(s->room, s->lockfd >= 0 && flock(s->lockfd, LOCK_EX | LOCK_NB) == 0);
	map_free(s->torn, NULL);
	pthread_mutex_destroy(&s->mu);
	mem_closep(&s->lockfd);
	mem_closep(&s->dirfd);
	free(s->root);
	free(s);
}

void store_torn(struct store *s, const char *path)
{
	bool fresh;

	pthread_mutex_lock(&s->mu);
	fresh = map_get(s->torn, path) == NULL && map_put(s->torn, path, s) == 0;
	pthread_mutex_unlock(&s->mu);
	if (fresh)
		log_event(LOG_WARN, "store.torn", LS("path", path),
			  LS("what", "empty or cut, as after a crash of who wrote it; it "
				     "counts as not there, and pushing again mends it"));
}
