/*
 * usefile.c - one file's troubles. f->mu is held over I/O: that is what it is for.
 */
#include "store/usefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/layout.h"

#define WAIT_MS 2000 /* for another process's writing */

void usefile_init(struct usefile *f, struct store *s)
{
	*f = (struct usefile){ .store = s, .path = mem_fmt("%s/" LAYOUT_USAGE, s->root) };
	pthread_mutex_init(&f->mu, NULL);
}

void usefile_done(struct usefile *f)
{
	pthread_mutex_destroy(&f->mu);
	free(f->path);
}

static void complain(struct usefile *f, const struct err *e)
{
	if (f->complained)
		return;
	f->complained = true;
	log_event(LOG_WARN, "usage.not_kept", LS("path", f->path), LS("error", e->msg),
		  LS("what", "when images were used and what was spent of pull quotas is "
			     "not kept; nothing else suffers, and this is said once"));
}

/* Its name is for who wants to look into it; an older one makes room. */
static int move_aside(struct usefile *f, const struct err *why, struct err *e)
{
	int dir = f->store->dirfd;

	if (renameat(dir, LAYOUT_USAGE, dir, LAYOUT_USAGE ".damaged") != 0 &&
	    unlinkat(dir, LAYOUT_USAGE, 0) != 0)
		return err_set(e, ERR_IO, "damaged (%.200s), and cannot be moved aside",
			       why->msg);
	unlinkat(dir, LAYOUT_USAGE "-journal", 0);
	log_event(LOG_WARN, "usage.damaged", LS("path", f->path), LS("error", why->msg),
		  LS("what", "moved aside to usage.db.damaged, and begun anew"));
	return 0;
}

static int run_once(struct usefile *f, bool create, bool anew, usefile_fn *fn, void *arg,
		    struct err *e)
{
	struct usedb *db;
	int rc;

	if (usedb_open(f->path, create, WAIT_MS, &db, e) != 0)
		return -1;
	rc = fn(arg, db, anew, e);
	usedb_close(db);
	return rc;
}

static void look(const struct usefile *f, struct stat *st)
{
	if (fstatat(f->store->dirfd, LAYOUT_USAGE, st, 0) != 0)
		*st = (struct stat){ 0 };
}

int usefile_run(struct usefile *f, bool create, usefile_fn *fn, void *arg, struct err *e)
{
	struct err why;
	int rc;

	pthread_mutex_lock(&f->mu);
	rc = run_once(f, create, false, fn, arg, &why);
	/* Not in a store that is only looked at. */
	if (rc != 0 && why.kind == ERR_CORRUPT && f->store->lockfd >= 0) {
		struct err damage = why;

		if (move_aside(f, &damage, &why) == 0) {
			err_set(&why, ERR_NOT_FOUND, "begun anew");
			if (create)
				rc = run_once(f, true, true, fn, arg, &why);
		}
	}
	if (rc == 0)
		f->complained = false;
	else if (why.kind != ERR_BUSY && why.kind != ERR_NOT_FOUND)
		complain(f, &why);
	look(f, &f->seen);
	pthread_mutex_unlock(&f->mu);
	if (rc != 0 && e != NULL)
		*e = why;
	return rc;
}

bool usefile_changed(struct usefile *f)
{
	struct stat now, seen;

	if (pthread_mutex_trylock(&f->mu) != 0)
		return false;
	look(f, &now);
	seen = f->seen;
	pthread_mutex_unlock(&f->mu);
	return now.st_ino != 0 &&
	       (now.st_dev != seen.st_dev || now.st_ino != seen.st_ino ||
		now.st_size != seen.st_size ||
		now.st_mtim.tv_sec != seen.st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != seen.st_mtim.tv_nsec);
}
