/*
 * setup_file.h - one configuration file of a client: what is to become of it, and making
 * it so.
 *
 * The file as it was before larder came is kept beside it, as FILE.before-larder, which
 * is never overwritten. A file of larder's alone has no such copy.
 */
#ifndef LARDER_APP_SETUP_FILE_H
#define LARDER_APP_SETUP_FILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "clients/client.h"

enum setup_step {
	SETUP_NOTHING,
	SETUP_WRITE,   /* put `next` there */
	SETUP_REMOVE,  /* nothing is left in it */
	SETUP_RESTORE, /* put the copy back, which then goes */
};

struct setup_file {
	char *path; /* links followed */
	char *copy;
	char *registry; /* with client->many, else NULL */
	bool exists, has_copy;
	struct buf now, next, before; /* the file, what it is to be, the copy */
	enum setup_step step;
	bool makes_copy; /* with SETUP_WRITE */
	bool failed;	 /* planning or doing it; e says why */
	struct err e;
};

/* Reads the files and fills *f, which setup_file_done releases in any case. What fails is
 * in f->e. */
void setup_file_plan(struct setup_file *f, const char *path, const char *registry,
		     const struct client *c, const struct wish *w, bool undo);
/* Does f->step, unless the file has been changed since it was read (ERR_BUSY). */
int setup_file_do(struct setup_file *f);
void setup_file_done(struct setup_file *f);

#endif
