/*
 * discover_show.c - finds as lines. No state.
 */
#include "app/discover_show.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/human.h"
#include "base/mem.h"
#include "oci/imageref.h"

#define PLACES_SHOWN 3	/* of an image, in a list */
#define WIDEST_IMAGE 60 /* of a column: what is longer moves the rest of its line */
#define WIDEST_PLACE 50
#define LINE_MAX_BYTES 65536

/* A file's name and text may be anything. */
static char *plain(const char *s)
{
	char *out = mem_dup(s), *p;

	for (p = out; *p != '\0'; p++)
		if (*p == '\n' || *p == '\r' || *p == '\t')
			*p = '?'; /* no space: it ends a word */
	return human_clean(out);
}

static char *place(const struct find *f)
{
	CLEANUP(mem_freep)
	char *file = plain(f->file);

	return f->line > 0 ? mem_fmt("%s:%u", file, f->line) : mem_dup(file);
}

/* What is printed of one that may not be resolved. */
struct texts {
	char *at, *where, *text, *why;
};

static struct texts texts_of(const struct find *f)
{
	return (struct texts){ place(f), plain(f->where), plain(f->text), plain(f->why) };
}

static void texts_done(struct texts *t)
{
	free(t->at);
	free(t->where);
	free(t->text);
	free(t->why);
}

/* --- the list --- */

/* An image, the same however it was written. */
struct row {
	const struct find *f;
	char key[IMAGEREF_TEXT_MAX];
};

static int by_image(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int c = strcmp(x->key, y->key);

	/* Those without a platform apart; within an image, as the finds are. */
	if (c == 0)
		c = (x->f->platform[0] != '\0') - (y->f->platform[0] != '\0');
	if (c == 0)
		c = strcmp(x->f->file, y->f->file);
	if (c == 0)
		c = (x->f->line > y->f->line) - (x->f->line < y->f->line);
	return c;
}

static bool same(const struct row *a, const struct row *b)
{
	return strcmp(a->key, b->key) == 0 &&
	       (a->f->platform[0] != '\0') == (b->f->platform[0] != '\0');
}

/* --platform=A,B of n rows, each once. */
static void add_platforms(struct buf *line, const struct row *row, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < i; j++)
			if (strcmp(row[i].f->platform, row[j].f->platform) == 0)
				break;
		if (j == i)
			buf_addf(line, "%s%s", i == 0 ? "--platform=" : ",",
				 row[i].f->platform);
	}
	buf_adds(line, " ");
}

static void print_image(const struct row *row, size_t n, int width, FILE *to)
{
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(LINE_MAX_BYTES);
	char *before = NULL;
	size_t i, shown = 0, places = 0;

	if (row->f->platform[0] != '\0')
		add_platforms(&line, row, n);
	buf_adds(&line, row->f->image);
	fprintf(to, "%-*s  #", width, buf_str(&line));
	for (i = 0; i < n; i++) {
		char *at = place(row[i].f);

		if (before == NULL || strcmp(at, before) != 0) {
			places++;
			if (shown < PLACES_SHOWN)
				fprintf(to, "%s %s", shown++ > 0 ? "," : "", at);
		}
		free(before);
		before = at;
	}
	free(before);
	if (places > shown)
		fprintf(to, " and %zu more", places - shown);
	fprintf(to, "\n");
}

static size_t run_of(const struct row *row, size_t n)
{
	size_t i = 1;

	while (i < n && same(row, &row[i]))
		i++;
	return i;
}

void discover_show_list(const struct finds *l, FILE *to)
{
	struct row *row = mem_alloc((l->n + 1) * sizeof(*row));
	size_t i, n = 0, width = 0;

	for (i = 0; i < l->n; i++) {
		struct imageref ref;

		if (imageref_parse(view_of(l->v[i]->image), &ref, NULL) != 0)
			continue;
		row[n].f = l->v[i];
		imageref_text(&ref, row[n++].key);
		if (strlen(l->v[i]->image) > width &&
		    strlen(l->v[i]->image) <= WIDEST_IMAGE)
			width = strlen(l->v[i]->image);
	}
	qsort(row, n, sizeof(*row), by_image);
	for (i = 0; i < n;) {
		size_t many = run_of(&row[i], n - i);

		print_image(&row[i], many, (int)width, to);
		i += many;
	}
	free(row);
}

void discover_show_unresolved(const struct finds *l, FILE *to)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct find *f = l->v[i];
		CLEANUP(texts_done)
		struct texts t = texts_of(f);

		if (f->image[0] == '\0')
			fprintf(to, "%s: %s%s%s%s%s\n", t.at, t.where,
				t.where[0] != '\0' && t.text[0] != '\0' ? " " : "",
				t.text,
				t.where[0] != '\0' || t.text[0] != '\0' ? ": " : "",
				t.why);
	}
}

/* --- the table --- */

static size_t wider(size_t width, const char *text, size_t most)
{
	size_t n = strlen(text);

	return n > width && n <= most ? n : width;
}

void discover_show_table(const struct finds *l, FILE *to)
{
	size_t i, images = 5, places = 5;

	for (i = 0; i < l->n; i++) {
		CLEANUP(mem_freep)
		char *at = place(l->v[i]);

		places = wider(places, at, WIDEST_PLACE);
		images = wider(images, l->v[i]->image, WIDEST_IMAGE);
	}
	if (l->n > 0)
		fprintf(to, "%-*s  %-*s  %-14s  WHERE\n", (int)images, "IMAGE",
			(int)places, "PLACE", "KIND");
	for (i = 0; i < l->n; i++) {
		const struct find *f = l->v[i];
		CLEANUP(texts_done)
		struct texts t = texts_of(f);

		fprintf(to, "%-*s  %-*s  %-14s  %s", (int)images,
			f->image[0] != '\0' ? f->image : "-", (int)places, t.at,
			find_kind_name(f->kind), t.where);
		if (f->platform[0] != '\0')
			fprintf(to, " for %s", f->platform);
		if (f->image[0] == '\0')
			fprintf(to, "%s%s%s: %s", t.where[0] != '\0' ? " " : "", t.text,
				t.text[0] == '\0' && t.where[0] == '\0' ? "not read" : "",
				t.why);
		fprintf(to, "\n");
	}
}

/* --- JSON --- */

static void add_text(struct buf *b, const char *key, const char *value)
{
	buf_addf(b, "%s\"%s\":\"", b->n > 0 ? "," : "{", key);
	buf_add_json(b, value, strlen(value));
	buf_adds(b, "\"");
}

void discover_show_json(const struct finds *l, FILE *to)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct find *f = l->v[i];
		CLEANUP(buf_done)
		struct buf b = BUF_INIT(LINE_MAX_BYTES);

		add_text(&b, "image", f->image);
		add_text(&b, "platform", f->platform);
		add_text(&b, "file", f->file);
		buf_addf(&b, ",\"line\":%u", f->line);
		add_text(&b, "kind", find_kind_name(f->kind));
		add_text(&b, "where", f->where);
		add_text(&b, "text", f->text);
		add_text(&b, "why", f->why);
		buf_addf(&b, ",\"pinnable\":%s", f->len > 0 ? "true" : "false");
		fprintf(to, "%s}\n", buf_str(&b));
	}
}
