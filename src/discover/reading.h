/*
 * reading.h - a file while it is read for images: its name and text, and where what is
 * found goes. Shared by the readers of all kinds; one thread.
 *
 * A reader gives each place it knows to one of these functions and does not look at what
 * they return: the first failure (a limit) stays in *e, and nothing is taken after it.
 */
#ifndef LARDER_DISCOVER_READING_H
#define LARDER_DISCOVER_READING_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/yaml.h"
#include "discover/build.h"
#include "discover/expand.h"
#include "discover/find.h"

/* The documents of a file, in their order. */
struct reading_doc {
	const char *file;
	struct yaml *doc;
	struct reading_doc *next;
};

struct reading {
	enum find_kind kind;
	const char *file;
	struct view text;
	/* A variable of the environment; as struct discover has it. */
	const char *(*variable)(void *arg, const char *name);
	void *arg;
	struct vars beside; /* variables that are set in a file beside it (.env) */
	struct finds *finds;
	struct builds *builds; /* what it says is built ... */
	struct vars *made;     /* ... and what these images are called; may be NULL */
	/* Another file, which it names as one of a kind. NULL: nobody asks. */
	void (*also)(void *arg, enum find_kind kind, const char *path);
	/* The documents of another file, path with respect to this one, as long as this
	 * one is read, and its name in *file. NULL: there is none that can be read. */
	const struct reading_doc *(*load)(void *arg, const char *path);
	void *tree_arg; /* of both */
	int rc;		/* -1: it is at its end, *e says why */
	struct err *e;
};

/* A place. f has no kind and no file; image: what text has become with its variables, or
 * NULL with f->why; one that is no reference becomes a place without image. */
void reading_add(struct reading *r, struct find f, const char *image);
/* The scalar y is an image: image is what it has become, NULL: itself. */
void reading_node(struct reading *r, const struct yaml *y, const char *where,
		  const char *image);
/* The same for the end of y's text, from byte skip on. */
void reading_tail(struct reading *r, const struct yaml *y, size_t skip,
		  const char *where);
/* The scalar y would be an image, but. */
void reading_unknown(struct reading *r, const struct yaml *y, const char *where,
		     const char *why);
/* The scalar y with its variables put in. */
void reading_expand(struct reading *r, const struct yaml *y, const char *where,
		    struct expand *x);
void reading_build(struct reading *r, struct build b);
/* An image of that name is built here; NULL: it has none. */
void reading_made(struct reading *r, const char *image);
/* Other, a reading of text that stands in r's file as scalar y (a Dockerfile within
 * another file), has found these: they become r's. */
void reading_inner(struct reading *r, const struct yaml *y, const char *where,
		   const struct finds *inner);

/* The text of a scalar, or NULL. Both take NULL. */
const char *reading_text(const struct yaml *y);
/* yaml_get of keys one below the other, the last one NULL. */
const struct yaml *reading_down(const struct yaml *map, const char *key, ...)
	__attribute__((sentinel));

#endif
