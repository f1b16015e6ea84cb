/*
 * usefile.h - LAYOUT_USAGE as a file that may be damaged, unwritable or another's just
 * now. For usage.c only.
 */
#ifndef LARDER_STORE_USEFILE_H
#define LARDER_STORE_USEFILE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"
#include "store/store.h"
#include "store/usedb.h"

struct usefile {
	struct store *store;
	char *path;

	pthread_mutex_t mu; /* held while it is open; guards what follows */
	bool complained;    /* until it works again */
	struct stat seen;   /* as it was after the last run; zeroed: never seen */
};

/* Work on the open file; anew: what was there has been moved aside. Changes what counts
 * as done only when the run has succeeded. */
typedef int usefile_fn(void *arg, struct usedb *db, bool anew, struct err *e);

void usefile_init(struct usefile *f, struct store *s); /* borrowed, outlives it */
void usefile_done(struct usefile *f);

/* Opens, runs fn, closes. create: makes the file where there is none; else ERR_NOT_FOUND.
 * A damaged one is moved aside, and with create fn is run again on a new one. ERR_BUSY:
 * others have it for longer than two seconds. All else has been logged, once until it
 * works again. One thread at a time; others wait. */
int usefile_run(struct usefile *f, bool create, usefile_fn *fn, void *arg, struct err *e);
/* Has another written to it since the last run? Never waits; false while it is open. */
bool usefile_changed(struct usefile *f);

#endif
