/*
 * compare_show.h - a comparison for people, for a pull request, for programs.
 *
 * Whatever names, versions and values hold, it stays what it is: one cell of a table, one
 * line, one JSON string. Sorted as the comparison is, so the same twice is the same
 * bytes. Pure.
 */
#ifndef LARDER_TRUST_COMPARE_SHOW_H
#define LARDER_TRUST_COMPARE_SHOW_H

#include "base/buf.h"
#include "trust/compare.h"

#define COMPARE_SHOW_MAX                                                                 \
	(64u << 20)	      /* of a limit for out: more than the largest needs         \
			       */
#define COMPARE_VALUE_MAX 200 /* bytes of a value in text and Markdown */

/* What the two are called. */
struct compare_names {
	const char *before, *after; /* "python:3.11-slim" */
	/* What the names lead to; an index, perhaps, and not the manifest compared. */
	const struct digest *before_digest, *after_digest;
};

/* -1 of all of these: over out's limit, which may then end anywhere. */

/* Without a newline: "2 packages upgraded, 1 added; 45.2MB -> 45.3MB; 4 of 5 layers new".
 */
int compare_text_summary(const struct comparison *c, struct buf *out);
/* Sections with titles, lines of two spaces, blank lines between, for a terminal; nothing
 * where nothing is to be said besides the summary. most: packages and settings listed,
 * each (0: all); the line that says how many are left out names the command. */
int compare_text(const struct comparison *c, size_t most, struct buf *out);
/* The same as tables in GitHub's Markdown, folded where they are long. */
int compare_markdown(const struct comparison *c, size_t most, struct buf *out);
/* Text that somebody else chose, as code of a line or a table's cell. */
int compare_markdown_code(struct buf *out, const char *text);
/* An object without a newline (docs/diff.md). */
int compare_json(const struct comparison *c, const struct compare_names *names,
		 struct buf *out);

#endif
