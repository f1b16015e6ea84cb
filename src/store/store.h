/*
 * store.h - an open store: a root directory and this process's claim to write in it.
 *
 * Several processes may have one store open. Every writer holds the shared lock from open
 * to close. Opening looks at nothing but the root, so it takes the same time whatever the
 * store holds.
 */
#ifndef LARDER_STORE_STORE_H
#define LARDER_STORE_STORE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"

#define STORE_MAX_TORN 1000

struct map;
struct loose;
struct mcache;
struct room;

struct store {
	int dirfd; /* the root; every path of layout.h is relative to it */
	int lockfd;
	char *root;
	struct mcache *mcache; /* manifests lately used (store/mcache.h) */
	struct loose *loose;   /* links that may not last yet (store/loose.h) */
	struct room *room;     /* bytes in use (store/room.h); NULL after store_look */
	pthread_mutex_t mu;    /* guards torn */
	struct map *torn;      /* paths that have been complained of */
};

/* Makes the root and larder's own folders where they are missing, and, when no other
 * process has the store open, removes what writers that died left in larder/tmp. Errors
 * name the path. */
int store_open(const char *root, struct store **out, struct err *e);
void store_close(struct store *s); /* NULL is fine; nothing else may be running in it */

/* One that is there already, to be looked at only: nothing is made, removed or locked.
 * ERR_NOT_FOUND: the message says that there is no store. */
int store_look(const char *root, struct store **out, struct err *e);
/* Has another process (or this one, by store_open) the store open, to write? */
bool store_in_use(struct store *s);

/* Has it ever been a mirror's, larder's or registry:2's? */
bool store_has_mirrored(struct store *s);

/* A file that was cut when another program, or the power, died while it was written:
 * logged, once for each of the first STORE_MAX_TORN paths. What it said counts as not
 * there. */
void store_torn(struct store *s, const char *path);

#endif
