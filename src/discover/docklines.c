/*
 * docklines.c - cutting a Dockerfile. No state but the caller's.
 */
#include "discover/docklines.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "discover/heredoc.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct view trim_left(struct view v)
{
	while (v.n > 0 && is_space(v.p[0])) {
		v.p++;
		v.n--;
	}
	return v;
}

/* The next line with its end. n 0: none. */
static struct view next_line(struct docklines *d)
{
	struct view v = { d->text.p + d->at, d->text.n - d->at };
	const char *end = v.n > 0 ? memchr(v.p, '\n', v.n) : NULL;

	if (end != NULL)
		v.n = (size_t)(end - v.p) + 1;
	d->at += v.n;
	d->line += v.n > 0;
	return v;
}

static struct view without_end(struct view v)
{
	while (v.n > 0 && (v.p[v.n - 1] == '\n' || v.p[v.n - 1] == '\r'))
		v.n--;
	return v;
}

/* --- directives --- */

/* "# name = value": value, or n 0. */
static struct view directive(struct view line, struct view *name)
{
	const struct view none = { NULL, 0 };
	size_t i = 0;

	line = trim_left(without_end(line));
	if (line.n == 0 || line.p[0] != '#')
		return none;
	line = trim_left((struct view){ line.p + 1, line.n - 1 });
	while (i < line.n && line.p[i] != '=' && !is_space(line.p[i]))
		i++;
	*name = (struct view){ line.p, i };
	line = trim_left((struct view){ line.p + i, line.n - i });
	if (line.n == 0 || line.p[0] != '=')
		return none;
	line = trim_left((struct view){ line.p + 1, line.n - 1 });
	while (line.n > 0 && is_space(line.p[line.n - 1]))
		line.n--;
	return line;
}

static void read_directives(struct docklines *d)
{
	for (;;) {
		size_t at = d->at;
		unsigned before = d->line;
		struct view name, line = next_line(d), value = directive(line, &name);

		if (at == 0 && view_starts(line, "#!"))
			continue;
		if (value.n > 0 && view_is_nocase(name, "syntax")) {
			d->syntax = value;
			d->syntax_line = d->line;
		} else if (value.n == 1 && view_is_nocase(name, "escape") &&
			   (value.p[0] == '`' || value.p[0] == '\\')) {
			d->escape = value.p[0];
		} else if (value.n == 0 || !view_is_nocase(name, "check")) {
			d->at = at;
			d->line = before;
			return;
		}
	}
}

void docklines_init(struct docklines *d, struct view text)
{
	*d = (struct docklines){ .text = text, .escape = '\\' };
	buf_init(&d->logical, text.n + 1);
	if (view_starts(text, "\xef\xbb\xbf"))
		d->at = 3;
	read_directives(d);
}

void docklines_done(struct docklines *d)
{
	buf_done(&d->logical);
	free(d->piece);
	d->piece = NULL;
}

/* --- instructions --- */

/* Takes the sign that the line goes on from its end; false: there is none. One after
 * another escape character is none. */
static bool goes_on(const struct docklines *d, struct view *line)
{
	size_t n = line->n;

	while (n > 0 && (line->p[n - 1] == ' ' || line->p[n - 1] == '\t'))
		n--;
	if (n == 0 || line->p[n - 1] != d->escape ||
	    (n > 1 && line->p[n - 2] == d->escape))
		return false;
	line->n = n - 1;
	return true;
}

static void add_piece(struct docklines *d, struct view v)
{
	if (d->pieces == d->room) {
		d->room = d->room > 0 ? 2 * d->room : 8;
		d->piece = mem_grow(d->piece, d->room * sizeof(*d->piece));
	}
	d->piece[d->pieces++] = (struct dockpiece){
		.start = d->logical.n,
		.off = (size_t)(v.p - d->text.p),
		.line = d->line,
	};
	buf_add(&d->logical, v.p, v.n); /* fits: it is part of the text */
}

/* An instruction's first line, and those with which it goes on. */
static void read_instruction(struct docklines *d, struct view line)
{
	bool on = goes_on(d, &line);

	d->pieces = 0;
	buf_clear(&d->logical);
	if (on || line.n > 0)
		add_piece(d, line);
	while (on) {
		struct view raw = next_line(d), rest;

		if (raw.n == 0)
			break;
		raw = without_end(raw);
		rest = trim_left(raw);
		if (rest.n == 0 || rest.p[0] == '#')
			continue;
		on = goes_on(d, &raw);
		add_piece(d, raw);
	}
}

/* Passes over what belongs to the here-documents that the instruction begins. */
static void pass_heredocs(struct docklines *d)
{
	struct heredoc doc[HEREDOC_MAX];
	size_t n = heredoc_read(buf_view(&d->logical), doc), i;
	size_t at = d->at;
	unsigned before = d->line;

	for (i = 0; i < n; i++) {
		struct view line, word;

		do {
			line = next_line(d);
			word = without_end(line);
			while (doc[i].tabs && word.n > 0 && word.p[0] == '\t') {
				word.p++;
				word.n--;
			}
		} while (line.n > 0 && !view_is(word, doc[i].name));
		if (line.n == 0) {
			d->plain = true;
			d->at = at;
			d->line = before;
			return;
		}
	}
}

bool docklines_next(struct docklines *d)
{
	for (;;) {
		struct view line = next_line(d);

		if (line.n == 0)
			return false;
		line = trim_left(without_end(line));
		if (line.n == 0 || line.p[0] == '#')
			continue;
		read_instruction(d, line);
		if (d->logical.n == 0)
			continue;
		if (!d->plain && memmem(d->logical.p, d->logical.n, "<<", 2) != NULL)
			pass_heredocs(d);
		return true;
	}
}

/* The piece in which byte i stands. */
static const struct dockpiece *piece_of(const struct docklines *d, size_t i)
{
	size_t low = 0, high = d->pieces;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (d->piece[middle].start <= i)
			low = middle;
		else
			high = middle;
	}
	return &d->piece[low];
}

size_t docklines_off(const struct docklines *d, size_t i, size_t n)
{
	const struct dockpiece *p = piece_of(d, i);

	if (n == 0 || i + n > d->logical.n || p != piece_of(d, i + n - 1))
		return SIZE_MAX;
	return p->off + (i - p->start);
}

unsigned docklines_line(const struct docklines *d, size_t i)
{
	return piece_of(d, i)->line;
}
