/*
 * compare_markdown.c - a comparison for a pull request (GitHub Flavored Markdown). No
 * state.
 *
 * What others chose stands in code alone. Without a "`" and a "|" it goes between
 * backquotes, where nothing but those means anything (GFM 6.3, and 4.10 for tables); else
 * into <code>, every sign as its number (GFM 6.2: such a one never is structure).
 */
#include "trust/compare_show.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "base/mem.h"

#define FOLD_OVER 12 /* rows of a table that is not folded */

static int add_numbers(struct buf *out, const char *text)
{
	int rc = buf_adds(out, "<code>");

	for (; *text != '\0' && rc == 0; text++) {
		unsigned char c = (unsigned char)*text;

		rc = c >= 0x80 || isalnum(c) ? buf_add(out, text, 1)
					     : buf_addf(out, "&#%u;", c);
	}
	return rc == 0 ? buf_adds(out, "</code>") : rc;
}

int compare_markdown_code(struct buf *out, const char *text)
{
	CLEANUP(buf_done)
	struct buf shown = BUF_INIT(COMPARE_VALUE_MAX);
	size_t n;

	if (human_escape(&shown, text, COMPARE_VALUE_MAX) != 0)
		return -1;
	n = shown.n;
	if (n == 0)
		return buf_adds(out, "(empty)");
	if (strpbrk(shown.p, "`|") != NULL || shown.p[0] == ' ' || shown.p[n - 1] == ' ')
		return add_numbers(out, shown.p);
	return buf_addf(out, "`%s`", shown.p);
}

static int add_optional(struct buf *out, const char *text)
{
	return text != NULL ? compare_markdown_code(out, text) : 0;
}

/* --- tables --- */

static int open_fold(struct buf *out, size_t rows, const char *what)
{
	return rows <= FOLD_OVER
		       ? buf_adds(out, "\n")
		       : buf_addf(out, "\n<details><summary>%zu %s</summary>\n\n", rows,
				  what);
}

static int close_fold(struct buf *out, size_t rows, size_t shown)
{
	if (shown < rows && buf_addf(out, "\nand %zu more\n", rows - shown) != 0)
		return -1;
	return rows <= FOLD_OVER ? 0 : buf_adds(out, "\n</details>\n");
}

static int add_package(struct buf *out, const struct compare_package *row)
{
	const struct package *a = row->before, *b = row->after;
	const struct package *any = b != NULL ? b : a;

	if (buf_adds(out, "| ") != 0 || compare_markdown_code(out, any->name) != 0 ||
	    buf_addf(out, " | %s | %s | ", package_word(any->kind),
		     compare_word(row->kind)) != 0 ||
	    add_optional(out, a != NULL ? a->version : NULL) != 0 ||
	    buf_adds(out, " | ") != 0 ||
	    add_optional(out, b != NULL ? b->version : NULL) != 0)
		return -1;
	return buf_adds(out, " |\n");
}

static int add_packages(const struct comparison *c, size_t most, struct buf *out)
{
	size_t i, n = most > 0 && most < c->npackages ? most : c->npackages;

	if (n == 0)
		return 0;
	if (open_fold(out, c->npackages, "packages") != 0 ||
	    buf_adds(out, "| package | kind | change | before | after |\n"
			  "|---|---|---|---|---|\n") != 0)
		return -1;
	for (i = 0; i < n; i++)
		if (add_package(out, &c->package[i]) != 0)
			return -1;
	return close_fold(out, c->npackages, n);
}

static int add_setting(struct buf *out, const struct compare_setting *s)
{
	if (buf_addf(out, "| %s", s->what) != 0 ||
	    (s->name[0] != '\0' &&
	     (buf_adds(out, " ") != 0 || compare_markdown_code(out, s->name) != 0)) ||
	    buf_addf(out, " | %s | ", compare_word(s->kind)) != 0 ||
	    add_optional(out, s->before) != 0 || buf_adds(out, " | ") != 0 ||
	    add_optional(out, s->after) != 0)
		return -1;
	return buf_adds(out, " |\n");
}

static int add_settings(const struct comparison *c, size_t most, struct buf *out)
{
	size_t i, n = most > 0 && most < c->nsettings ? most : c->nsettings;

	if (n == 0)
		return 0;
	if (open_fold(out, c->nsettings, "settings") != 0 ||
	    buf_adds(out, "| setting | change | before | after |\n|---|---|---|---|\n") !=
		    0)
		return -1;
	for (i = 0; i < n; i++)
		if (add_setting(out, &c->setting[i]) != 0)
			return -1;
	return close_fold(out, c->nsettings, n);
}

static int add_release(struct buf *out, const struct contents_os *os)
{
	const char *name = os->name[0] != '\0' ? os->name : os->id;
	const char *version = os->debian_version[0] != '\0'	     ? os->debian_version
			      : strstr(name, os->version_id) == NULL ? os->version_id
								     : "";
	char text[sizeof(os->name) + sizeof(os->debian_version) + 2];

	snprintf(text, sizeof(text), "%s%s%s", name[0] != '\0' ? name : "not known",
		 version[0] != '\0' ? ", " : "", version);
	return compare_markdown_code(out, text);
}

static int add_gaps(const struct contents *c, const char *which, size_t most,
		    struct buf *out)
{
	size_t i, n = most > 0 && most < c->ngaps ? most : c->ngaps;

	for (i = 0; i < n; i++) {
		const struct contents_gap *g = &c->gap[i];

		if (buf_addf(out, "- %s: ", which) != 0 ||
		    (g->layer != CONTENTS_NO_LAYER &&
		     buf_addf(out, "layer %zu, ", g->layer + 1) != 0) ||
		    (g->path[0] != '\0' && (compare_markdown_code(out, g->path) != 0 ||
					    buf_adds(out, ": ") != 0)) ||
		    compare_markdown_code(out, g->why) != 0 || buf_adds(out, "\n") != 0)
			return -1;
	}
	return n == c->ngaps ? 0
			     : buf_addf(out, "- %s: and %zu more\n", which, c->ngaps - n);
}

int compare_markdown(const struct comparison *c, size_t most, struct buf *out)
{
	if (c->system &&
	    (buf_adds(out, "\nSystem: ") != 0 || add_release(out, &c->before->os) != 0 ||
	     buf_adds(out, " -> ") != 0 || add_release(out, &c->after->os) != 0 ||
	     buf_adds(out, "\n") != 0))
		return -1;
	if (add_packages(c, most, out) != 0 || add_settings(c, most, out) != 0)
		return -1;
	if (c->before->ngaps + c->after->ngaps == 0)
		return 0;
	if (buf_adds(out, "\nCould not be read, so there may be more:\n\n") != 0 ||
	    add_gaps(c->before, "before", most, out) != 0)
		return -1;
	return add_gaps(c->after, "after", most, out);
}
