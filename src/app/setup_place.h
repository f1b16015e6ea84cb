/*
 * setup_place.h - where a client keeps its configuration on this machine.
 */
#ifndef LARDER_APP_SETUP_PLACE_H
#define LARDER_APP_SETUP_PLACE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "clients/client.h"

struct setup_place {
	char *path;	 /* absolute: the file; with client->many the directory */
	bool user;	 /* it is a user's own, since who runs this is not root */
	bool is_default; /* not told by --path */
};

/* given: what --path says, or NULL. A directory given for a client with one file is where
 * that file is, under its usual name. */
int setup_place_find(struct setup_place *p, const struct client *c, const char *given,
		     struct err *e);
void setup_place_done(struct setup_place *p);

/* The client's other files (client->clash), in the order in which they are found.
 * ERR_INVALID: one of them and w exclude each other. One that cannot be read is told to
 * standard error. */
int setup_place_clash(const struct setup_place *p, const struct client *c,
		      const struct wish *w, struct err *e);

/* fn with each registry's directory below p->path that has a file of client->many's name;
 * none is fine. */
int setup_place_each(const struct setup_place *p, const struct client *c,
		     int (*fn)(void *arg, const char *registry, struct err *e), void *arg,
		     struct err *e);

#endif
