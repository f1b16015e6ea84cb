/*
 * rows.c - the table: each column as wide as its widest text.
 */
#include "app/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "mirror/inventory_json.h"

enum { IMAGE, DIGEST, PLATFORMS, SIZE, SHARED, USED, STATE, COLUMNS };

static const char *const titles[COLUMNS] = { "IMAGE",  "DIGEST", "PLATFORMS", "SIZE",
					     "SHARED", "USED",	 "STATE" };

#define SHOWN_PLATFORMS 2
#define SHORT_DIGEST 12

struct one {
	char *cell[COLUMNS]; /* the first is the name to sort by; with json the line */
	char *json, *reason;
	uint64_t bytes;
	int64_t used_ms;
};

struct rows {
	bool json, digests;
	struct one *row;
	size_t n, room;
	int64_t now_ms;
};

struct rows *rows_new(bool json, bool digests)
{
	struct rows *t = mem_alloc(sizeof(*t));

	t->json = json;
	t->digests = digests;
	t->now_ms = clock_wall_ms();
	return t;
}

void rows_free(struct rows *t)
{
	size_t i, c;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++) {
		for (c = 0; c < COLUMNS; c++)
			free(t->row[i].cell[c]);
		free(t->row[i].json);
		free(t->row[i].reason);
	}
	free(t->row);
	free(t);
}

/* "amd64,arm64/v8 +1 (3/9)": those that are here, without the usual linux/. */
static char *platforms(const struct inventory_row *r)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(400);
	size_t i, here = 0;
	char name[100];

	for (i = 0; i < r->nplatforms; i++) {
		if (!r->platform[i].complete || here++ >= SHOWN_PLATFORMS)
			continue;
		platform_text(&r->platform[i].platform, name);
		buf_addf(&b, "%s%s", here > 1 ? "," : "",
			 strncmp(name, "linux/", 6) == 0 ? name + 6 : name);
	}
	if (here > SHOWN_PLATFORMS)
		buf_addf(&b, " +%zu", here - SHOWN_PLATFORMS);
	if (r->listed > here)
		buf_addf(&b, "%s(%zu/%zu)", here > 0 ? " " : "", here, r->listed);
	return mem_dup(b.n > 0 ? buf_str(&b) : "-");
}

static char *bytes(uint64_t n)
{
	char text[HUMAN_MAX];

	human_bytes(n, text);
	return mem_dup(text);
}

static char *ago(const struct rows *t, int64_t ms)
{
	char text[HUMAN_MAX];

	if (ms == 0)
		return mem_dup("-");
	human_span(t->now_ms - ms, text);
	return mem_dup(text);
}

static void make_cells(const struct rows *t, const struct inventory_row *r, struct one *o)
{
	char digest[DIGEST_TEXT_MAX] = "-", hex[DIGEST_HEX_MAX];

	if (r->has_digest && t->digests)
		digest_text(&r->digest, digest);
	if (r->has_digest && !t->digests) {
		digest_hex(&r->digest, hex);
		snprintf(digest, sizeof(digest), "%.*s", SHORT_DIGEST, hex);
	}
	o->cell[DIGEST] = mem_dup(digest);
	o->cell[PLATFORMS] = platforms(r);
	o->cell[SIZE] = bytes(r->bytes);
	o->cell[SHARED] = r->shared < 0 ? mem_dup("?") : bytes((uint64_t)r->shared);
	o->cell[USED] = ago(t, r->used_ms);
	o->cell[STATE] = mem_dup(inventory_state_word(r->state));
	if (r->state == INVENTORY_DAMAGED)
		o->reason = mem_dup(r->reason);
}

int rows_add(struct rows *t, const struct inventory_row *r, struct err *e)
{
	CLEANUP(buf_done)
	struct buf json = BUF_INIT(INVENTORY_JSON_MAX);
	struct one o = { .bytes = r->bytes, .used_ms = r->used_ms };

	if (t->n == ROWS_MAX)
		return err_set(e, ERR_LIMIT,
			       "more than %d images cannot be sorted; give a pattern, or "
			       "--json without --sort",
			       ROWS_MAX);
	if (t->json && inventory_json_write(&json, r) != 0)
		return err_set(e, ERR_LIMIT, "%s: too long to print", r->shown);
	o.cell[IMAGE] = r->tag[0] != '\0' ? mem_fmt("%s:%s", r->shown, r->tag)
					  : mem_fmt("%s@", r->shown);
	if (t->json)
		o.json = mem_dup(buf_str(&json));
	else
		make_cells(t, r, &o);
	if (t->n == t->room) {
		t->room = t->room > 0 ? t->room * 2 : 64;
		t->row = mem_grow(t->row, t->room * sizeof(*t->row));
	}
	t->row[t->n++] = o;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct one *x = a, *y = b;

	return strcmp(x->cell[IMAGE], y->cell[IMAGE]);
}

static int by_size(const void *a, const void *b)
{
	const struct one *x = a, *y = b;

	return x->bytes != y->bytes ? (x->bytes < y->bytes ? 1 : -1) : by_name(a, b);
}

static int by_use(const void *a, const void *b)
{
	const struct one *x = a, *y = b;

	return x->used_ms != y->used_ms ? (x->used_ms < y->used_ms ? 1 : -1)
					: by_name(a, b);
}

void rows_sort(struct rows *t, enum rows_order order)
{
	static int (*const by[])(const void *, const void *) = { by_name, by_size,
								 by_use };

	if (t->n > 0)
		qsort(t->row, t->n, sizeof(*t->row), by[order]);
}

static void print_line(const char *const cell[COLUMNS], const size_t width[COLUMNS],
		       FILE *to)
{
	size_t c;

	for (c = 0; c < COLUMNS; c++) {
		human_print(to, cell[c]);
		if (c + 1 < COLUMNS)
			fprintf(to, "%*s", (int)(width[c] - strlen(cell[c]) + 2), "");
	}
	fputc('\n', to);
}

void rows_print(const struct rows *t, FILE *to)
{
	size_t width[COLUMNS], i, c;

	if (t->json) {
		for (i = 0; i < t->n; i++)
			fputs(t->row[i].json, to);
		return;
	}
	for (c = 0; c < COLUMNS; c++)
		width[c] = strlen(titles[c]);
	for (i = 0; i < t->n; i++)
		for (c = 0; c < COLUMNS; c++)
			if (strlen(t->row[i].cell[c]) > width[c])
				width[c] = strlen(t->row[i].cell[c]);
	print_line(titles, width, to);
	for (i = 0; i < t->n; i++)
		print_line((const char *const *)t->row[i].cell, width, to);
	for (i = 0; i < t->n; i++) {
		if (t->row[i].reason == NULL)
			continue;
		human_print(to, t->row[i].cell[IMAGE]);
		fputs(" is damaged: ", to);
		human_print(to, t->row[i].reason);
		fputc('\n', to);
	}
}
