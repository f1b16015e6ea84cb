/*
 * buf.c - views and bounded buffers.  Growth doubles, up to the limit.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

struct view view_of(const char *s)
{
	return (struct view){ s ? s : "", s ? strlen(s) : 0 };
}

bool view_is(struct view v, const char *s)
{
	return strlen(s) == v.n && memcmp(v.p, s, v.n) == 0;
}

bool view_is_nocase(struct view v, const char *s)
{
	return strlen(s) == v.n && strncasecmp(v.p, s, v.n) == 0;
}

bool view_starts(struct view v, const char *prefix)
{
	size_t n = strlen(prefix);

	return v.n >= n && memcmp(v.p, prefix, n) == 0;
}

struct view view_trim(struct view v)
{
	while (v.n > 0 && (v.p[0] == ' ' || v.p[0] == '\t')) {
		v.p++;
		v.n--;
	}
	while (v.n > 0 && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t'))
		v.n--;
	return v;
}

void buf_init(struct buf *b, size_t limit)
{
	*b = BUF_INIT(limit);
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = BUF_INIT(b->limit);
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	if (b->p != NULL)
		b->p[0] = '\0';
}

char *buf_room(struct buf *b, size_t n)
{
	size_t need, cap;

	if (n > b->limit || b->n > b->limit - n)
		return NULL;
	need = b->n + n + 1;
	if (need > b->cap) {
		cap = b->cap ? b->cap : 64;
		while (cap < need)
			cap *= 2;
		if (cap > b->limit + 1)
			cap = b->limit + 1;
		b->p = mem_grow(b->p, cap);
		b->cap = cap;
		b->p[b->n] = '\0'; /* the first time there was none to keep */
	}
	return b->p + b->n;
}

void buf_grew(struct buf *b, size_t n)
{
	b->n += n;
	b->p[b->n] = '\0';
}

int buf_add(struct buf *b, const void *p, size_t n)
{
	char *room = buf_room(b, n);

	if (room == NULL)
		return -1;
	if (n > 0)
		memcpy(room, p, n);
	buf_grew(b, n);
	return 0;
}

int buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *room;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -1;
	room = buf_room(b, (size_t)n);
	if (room == NULL)
		return -1;
	va_start(ap, fmt);
	vsnprintf(room, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_grew(b, (size_t)n);
	return 0;
}

const char *buf_str(const struct buf *b)
{
	return b->p ? b->p : "";
}

struct view buf_view(const struct buf *b)
{
	return (struct view){ buf_str(b), b->n };
}

int buf_add_json(struct buf *b, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		int rc;

		if (c == '"' || c == '\\')
			rc = buf_addf(b, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			rc = buf_addf(b, "\\u%04x", c);
		else
			rc = buf_add(b, s + i, 1);
		if (rc != 0)
			return -1;
	}
	return 0;
}
