/*
 * find.h - one place in a file that names an image, and the list of such places.
 *
 * A place whose variables have no value, or whose file cannot be read, is a find too: it
 * has no image, but a reason. Texts belong to the list. One thread.
 */
#ifndef LARDER_DISCOVER_FIND_H
#define LARDER_DISCOVER_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"

#define FIND_MAX 50000	     /* places in all */
#define FIND_MAX_TEXT 4096   /* bytes of a reference, before and after variables */
#define FIND_MAX_PLATFORM 99 /* bytes */

enum find_kind {
	FIND_DOCKERFILE,
	FIND_COMPOSE,
	FIND_KUBERNETES,
	FIND_KUSTOMIZE,
	FIND_HELM,
	FIND_TEKTON,
	FIND_GITHUB,
	FIND_GITLAB,
	FIND_DEVCONTAINER,
	FIND_SKAFFOLD,
	FIND_KANIKO,
	FIND_LIST,
	FIND_OTHER, /* a file that could not be read as what it may be */
};

struct find {
	enum find_kind kind;
	const char *file;  /* as it was given, or below what was given */
	unsigned line;	   /* from 1; 0: the file as a whole */
	const char *where; /* "FROM", "COPY --from", "services.db.image" */
	const char *text;  /* as it is written */
	const char *image; /* a reference that imageref_parse takes, as written but with
			      values for its variables; "" where that cannot be said */
	const char *why;   /* with image "": why not, in words; else "" */
	const char *platform; /* "linux/amd64" where the place says so, else "" */
	/* Where in the file text stands, in bytes; the same bytes. len 0: it does not
	 * stand there literally (a variable, an escape, several scalars), so that nobody
	 * can write another in its place. */
	size_t off, len;
	size_t nth; /* the list's own */
};

struct finds {
	struct find **v;
	size_t n;
	struct map *seen;
};

/* "dockerfile", "compose", ... Static. */
const char *find_kind_name(enum find_kind kind);

/* Copies f and its texts. What is there already (file, place, image, platform and reason)
 * is not taken twice. ERR_LIMIT over FIND_MAX. */
int finds_add(struct finds *l, const struct find *f, struct err *e);
/* By file, then place in it. An unresolved find goes where another of the same place is
 * resolved: somebody gave its variables values. */
void finds_settle(struct finds *l);
/* Without those for which drop says so. */
void finds_drop(struct finds *l, bool (*drop)(void *arg, const struct find *f),
		void *arg);
void finds_done(struct finds *l);

#endif
