/*
 * docklines.h - the instructions of a Dockerfile, each as one line, as BuildKit's parser
 * cuts it (frontend/dockerfile/parser): parser directives, comments, lines that go on,
 * with comments and empty ones in between, and here-documents, which are passed over.
 */
#ifndef LARDER_DISCOVER_DOCKLINES_H
#define LARDER_DISCOVER_DOCKLINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct docklines {
	struct view text;
	size_t at;     /* what is read, in bytes */
	unsigned line; /* lines before that */
	char escape;   /* \ or ` */
	bool plain;    /* a here-document had no end: "<<" means nothing any more */
	/* The value of a syntax directive, and its line; n 0: none. Part of text. */
	struct view syntax;
	unsigned syntax_line;
	/* The instruction that was read last. */
	struct buf logical;
	struct dockpiece {
		size_t start; /* in logical */
		size_t off;   /* in text */
		unsigned line;
	} * piece;
	size_t pieces, room;
};

/* Reads the directives. docklines_done in any case. */
void docklines_init(struct docklines *d, struct view text);
void docklines_done(struct docklines *d);
/* false: there are no more. */
bool docklines_next(struct docklines *d);
/* Where n bytes of logical from i stand in text; SIZE_MAX: not in one piece. */
size_t docklines_off(const struct docklines *d, size_t i, size_t n);
/* The line, from 1, on which byte i of logical stands. */
unsigned docklines_line(const struct docklines *d, size_t i);

#endif
