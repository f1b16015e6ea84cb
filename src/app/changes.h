/*
 * changes.h - what changed inside an image between two digests that are in the store, for
 * the commands that say so: text after a table, JSON, a page of Markdown.
 */
#ifndef LARDER_APP_CHANGES_H
#define LARDER_APP_CHANGES_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/platform.h"
#include "store/store.h"
#include "trust/compare.h"
#include "trust/contents.h"

/* One of the two; borrowed. */
struct changes_side {
	const char *shown;	     /* "python:3.11-slim" */
	const struct reponame *repo; /* its place in the store */
	struct digest digest;	     /* an index, or a manifest, of which */
	struct platform platform;    /* says the platform that is meant */
};

struct changes {
	struct changes_side before, after;
	struct contents contents[2]; /* the second is empty where they are the same */
	struct comparison comparison;
};

/* Reads both images, each in a thread of its own. ERR_NOT_FOUND: something of them is not
 * in the store; else as contents_read. The message names the image. changes_done after
 * 0. */
int changes_find(struct store *s, const struct changes_side *before,
		 const struct changes_side *after, struct changes *out, struct err *e);
void changes_done(struct changes *c);

/* Of several platforms (n 0: all), the one to look into: this machine's if it is among
 * them, else the first. */
void changes_platform(const struct platform *p, size_t n, struct platform *out);

/* For people: what, in short, and sections; most rows in each (0: all). */
int changes_text(const struct changes *c, size_t most, struct buf *out);
/* An object (compare_json). */
int changes_json(const struct changes *c, struct buf *out);

/*
 * A page for a pull request: a table of images, then what changed in each. It is kept
 * under what GitHub takes (65,536 characters): images whose details find no room have
 * their row alone, and the page says so.
 */
#define CHANGES_PAGE_MAX 60000
#define CHANGES_PAGE_ROWS 200 /* of one table */

struct changes_page {
	struct buf rows, details, notes;
	size_t images, left_out;
};

void changes_page_init(struct changes_page *p);
void changes_page_done(struct changes_page *p);
/* An image that moved. c NULL: why says what is not known. */
void changes_page_add(struct changes_page *p, const char *shown,
		      const struct digest *before, const struct digest *after,
		      const struct changes *c, const char *why);
/* A line of the list below: an image and what is wrong with it. */
void changes_page_note(struct changes_page *p, const char *shown, const char *what);
/* title: Markdown of ours, as "Base images"; first: a line under it, or "". */
void changes_page_print(const struct changes_page *p, const char *title,
			const char *first, FILE *to);

#endif
