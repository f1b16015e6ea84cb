/*
 * buf.c - views and bounded buffers.  Growth doubles, up to the limit.
 */
#include "base/buf.h"

#include <assert.h>
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

struct view view_word(struct view *line)
{
	struct view w = view_trim(*line);
	size_t i = 0;

	while (i < w.n && w.p[i] != ' ' && w.p[i] != '\t')
		i++;
	*line = (struct view){ w.p + i, w.n - i };
	w.n = i;
	return w;
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

void buf_cut(struct buf *b, size_t n)
{
	assert(n <= b->n);
	b->n = n;
	if (b->p != NULL)
		b->p[n] = '\0';
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

size_t view_utf8(const char *s, size_t n, unsigned *code)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2, i;
	unsigned c = p[0] & (0x7fu >> len);

	if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
		return 0;
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*code = c;
	return len;
}

int buf_add_json(struct buf *b, const char *s, size_t n)
{
	size_t i, len;
	int rc;

	for (i = 0; i < n; i += len) {
		unsigned code = (unsigned char)s[i];

		len = code < 0x80 ? 1 : view_utf8(s + i, n - i, &code);
		if (code == '"' || code == '\\')
			rc = buf_addf(b, "\\%c", code);
		else if (code < 0x20 || (code >= 0x7f && code < 0xa0) || len == 0)
			rc = buf_addf(b, "\\u%04x", code);
		else
			rc = buf_add(b, s + i, len);
		if (rc != 0)
			return -1;
		len = len == 0 ? 1 : len;
	}
	return 0;
}
