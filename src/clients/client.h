/*
 * client.h - the clients that can be pointed at larder, and the texts of their
 * configuration: text in, text out.  Nothing here reads or writes a file.
 *
 * What we add can be taken out again: a list's entry (Docker's JSON), elsewhere a block
 * between two comments (clients/block.h). What others wrote stays as it is, byte for
 * byte. Whatever cannot be merged without touching that is refused with ERR_INVALID; what
 * add makes of no text at all is then what people can add by hand. No state; any thread.
 * Results go to `out`, which is empty before.
 */
#ifndef LARDER_CLIENTS_CLIENT_H
#define LARDER_CLIENTS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "clients/wish.h"

#define CLIENT_MAX_BYTES (1u << 20) /* of a configuration file, before and after */

struct client_text {
	struct view now;      /* the file as it is; empty: there is none */
	struct view before;   /* what it was before larder came, where that is known */
	const char *registry; /* with `many`: the one that this file is for */
};

/* Where it has been written, for the advice that follows. */
struct client_place {
	const char *path;      /* the file; with `many` the directory */
	bool user;	       /* of a user, not root's */
	const char *main_path; /* the client's main configuration, ... */
	struct view main_text; /* ... and its text; empty: there is none */
};

struct client {
	const char *name;
	const char *title; /* how people call it */
	/* The file; with `many` the directory of the registries' directories. user_path
	 * is below a user's configuration directory, NULL: there is none. path is NULL
	 * for a client that has no file here: then there is only print. */
	const char *path, *user_path;
	const char *many; /* a file of this name for each registry, or NULL */
	const char
		*main_path; /* another file that says whether this one is read, or NULL */
	bool comments;	    /* its files can hold some */

	/* The text with what w wants, which is `now` itself where nothing is missing. */
	int (*add)(const struct client_text *t, const struct wish *w, struct buf *out,
		   struct err *e);
	/* The text without; empty where nothing of anybody else's is left. `now` itself
	 * where nothing of ours is there. */
	int (*take)(const struct client_text *t, const struct wish *w, struct buf *out,
		    struct err *e);
	/* ERR_INVALID: another file of the same client has this text, and it would undo
	 * w, or w it. NULL: there are no such files. */
	int (*clash)(struct view other, const struct wish *w, struct err *e);
	/* What is to be done after writing (undo: after taking out), in whole lines. For
	 * a client without a file place is NULL. */
	int (*after)(const struct wish *w, const struct client_place *place, bool undo,
		     struct buf *out);
	/* All that is to be configured, for a client without a file. */
	int (*print)(const struct wish *w, struct buf *out);
};

extern const struct client docker_client, containerd_client, podman_client,
	buildkit_client, kaniko_client, k3s_client, kind_client;

/* NULL: none of that name. */
const struct client *client_find(const char *name);
const struct client *client_nth(size_t i); /* NULL after the last */

/* The registries that larder mirrors when it is not told otherwise. */
#define CLIENT_REGISTRIES 9
extern const char *const client_registries[CLIENT_REGISTRIES];

/* For the clients themselves. "the text would be larger than ...": what out refused. */
int client_too_large(struct err *e);
/* `now` itself as the result. */
int client_keep(const struct client_text *t, struct buf *out, struct err *e);
bool client_is_blank(struct view text); /* white space, or nothing */
/* take, where what is ours is in blocks. */
int client_take_block(const struct client_text *t, const struct wish *w, struct buf *out,
		      struct err *e);

#endif
