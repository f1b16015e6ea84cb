/*
 * jsonwalk.c - a descent of two levels over a stream of bytes. Nothing recurses: what is
 * below is copied or passed over by counting brackets.
 */
#include "codec/jsonwalk.h"

#include <string.h>

#include "base/mem.h"

#define PIECE_BYTES 65536
#define THE_END (-1)
#define FAILED (-2)

struct source {
	struct jsonwalk *w;
	struct err *e;
	size_t at, n;
	uint64_t before; /* bytes before the piece */
	bool over, failed;
	char piece[PIECE_BYTES];
};

static int peek(struct source *s)
{
	if (s->at < s->n)
		return (unsigned char)s->piece[s->at];
	if (s->over || s->failed)
		return s->failed ? FAILED : THE_END;
	s->before += s->n;
	s->at = s->n = 0;
	if (s->w->read(s->w->arg, s->piece, sizeof(s->piece), &s->n, s->e) != 0) {
		s->failed = true;
		s->n = 0;
		return FAILED;
	}
	s->over = s->n == 0;
	return s->over ? THE_END : (unsigned char)s->piece[0];
}

static int refuse(struct source *s, const char *what)
{
	if (s->failed)
		return -1;
	return err_set(s->e, ERR_INVALID, "not usable JSON: byte %llu: %s",
		       (unsigned long long)(s->before + s->at), what);
}

static int after_space(struct source *s)
{
	int c = peek(s);

	while (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
		s->at++;
		c = peek(s);
	}
	return c;
}

static int expect(struct source *s, char want)
{
	if (after_space(s) != want)
		return refuse(s, "something is missing there");
	s->at++;
	return 0;
}

/* Where a run of bytes is kept, as far as there is room; NULL: nowhere. */
struct keeper {
	struct buf *out;
	bool full;
};

static void keep(struct keeper *k, const char *p, size_t n)
{
	if (k->out != NULL && !k->full)
		k->full = buf_add(k->out, p, n) != 0;
}

/* A string, from its opening quote to its closing one. */
static int take_string(struct source *s, struct keeper *k)
{
	bool escaped = false;
	int c = peek(s);
	size_t from;

	keep(k, "\"", 1);
	s->at++;
	while ((c = peek(s)) >= 0) {
		from = s->at;
		for (; s->at < s->n; s->at++) {
			c = s->piece[s->at];
			if (escaped)
				escaped = false;
			else if (c == '\\')
				escaped = true;
			else if (c == '"')
				break;
		}
		if (s->at < s->n) {
			s->at++;
			keep(k, s->piece + from, s->at - from);
			return 0;
		}
		keep(k, s->piece + from, s->at - from);
	}
	return refuse(s, "a string without an end");
}

/* A number, true, false or null. */
static int take_word(struct source *s, struct keeper *k)
{
	size_t length = 0;
	int c;

	while ((c = peek(s)) > ' ' && strchr(",:]}[{\"", c) == NULL) {
		keep(k, &s->piece[s->at], 1);
		s->at++;
		length++;
	}
	return length > 0 ? 0 : refuse(s, "a value is missing there");
}

/* One value with all below it. */
static int take_value(struct source *s, struct keeper *k)
{
	uint64_t depth = 0;

	do {
		int c = after_space(s);

		if (c < 0)
			return refuse(s, "it ends too early");
		if (c == '"') {
			if (take_string(s, k) != 0)
				return -1;
		} else if (strchr("{}[],:", c) != NULL) {
			depth += c == '{' || c == '[';
			if (depth == 0)
				return refuse(s, "a value is missing there");
			depth -= c == '}' || c == ']';
			keep(k, &s->piece[s->at], 1);
			s->at++;
		} else if (take_word(s, k) != 0) {
			return -1;
		}
	} while (depth > 0);
	return 0;
}

/* A key and its colon. *usable: it can be given out as it is. */
static int take_key(struct source *s, struct buf *key, bool *usable)
{
	struct keeper k = { .out = key };

	buf_clear(key);
	if (after_space(s) != '"')
		return refuse(s, "a key is missing there");
	if (take_string(s, &k) != 0)
		return -1;
	*usable = !k.full && key->n >= 2 && memchr(key->p, '\\', key->n) == NULL &&
		  memchr(key->p, '\0', key->n) == NULL;
	if (*usable) {
		key->n -= 2;
		memmove(key->p, key->p + 1, key->n);
		key->p[key->n] = '\0';
	}
	return expect(s, ':');
}

/* After a member: 1: there is another, 0: that was the last, -1. */
static int more(struct source *s)
{
	int c = after_space(s);

	if (c != ',' && c != '}')
		return refuse(s, "neither \",\" nor \"}\"");
	s->at++;
	return c == ',';
}

static int give(struct source *s, const char *outer, const struct buf *key, bool usable,
		struct buf *value)
{
	struct keeper k = { .out = usable ? value : NULL };

	buf_clear(value);
	if (take_value(s, &k) != 0)
		return -1;
	if (!usable || k.full) {
		s->w->passed_over++;
		return 0;
	}
	return s->w->member(s->w->arg, outer, buf_str(key), buf_view(value), s->e);
}

static int walk_inner(struct source *s, const char *outer, struct buf *value)
{
	CLEANUP(buf_done)
	struct buf key = BUF_INIT(JSONWALK_MAX_KEY + 2);
	bool usable;
	int rc = 1;

	s->at++; /* the bracket */
	if (after_space(s) == '}') {
		s->at++;
		return 0;
	}
	while (rc > 0) {
		if (take_key(s, &key, &usable) != 0 ||
		    give(s, outer, &key, usable, value) != 0)
			return -1;
		rc = more(s);
	}
	return rc;
}

static int walk_outer(struct source *s)
{
	CLEANUP(buf_done)
	struct buf key = BUF_INIT(JSONWALK_MAX_KEY + 2);
	CLEANUP(buf_done)
	struct buf value = BUF_INIT(JSONWALK_MAX_VALUE);
	struct keeper nowhere = { 0 };
	bool usable;
	int rc = 1;

	if (expect(s, '{') != 0)
		return -1;
	if (after_space(s) == '}') {
		s->at++;
		return 0;
	}
	while (rc > 0) {
		bool object, wanted;

		if (take_key(s, &key, &usable) != 0)
			return -1;
		object = after_space(s) == '{';
		wanted = usable && object && s->w->want(s->w->arg, buf_str(&key));
		s->w->passed_over += !usable || !object;
		if (wanted ? walk_inner(s, buf_str(&key), &value) != 0
			   : take_value(s, &nowhere) != 0)
			return -1;
		rc = more(s);
	}
	return rc;
}

int jsonwalk_run(struct jsonwalk *w, struct err *e)
{
	CLEANUP(mem_freep)
	struct source *s = mem_alloc(sizeof(*s));

	s->w = w;
	s->e = e;
	w->passed_over = 0;
	if (walk_outer(s) != 0)
		return -1;
	return after_space(s) == THE_END ? 0 : refuse(s, "more after its end");
}

static int find(struct source *s, const char *want, struct buf *out)
{
	CLEANUP(buf_done)
	struct buf key = BUF_INIT(JSONWALK_MAX_KEY + 2);
	struct keeper nowhere = { 0 }, k = { .out = out };
	bool usable;
	int rc = 1;

	if (expect(s, '{') != 0)
		return -1;
	if (after_space(s) == '}')
		return 1;
	while (rc > 0) {
		if (take_key(s, &key, &usable) != 0)
			return -1;
		if (usable && strcmp(buf_str(&key), want) == 0) {
			buf_clear(out);
			if (take_value(s, &k) != 0)
				return -1;
			return k.full ? err_set(s->e, ERR_LIMIT,
						"\"%.40s\" has more than %zu bytes", want,
						out->limit)
				      : 0;
		}
		if (take_value(s, &nowhere) != 0)
			return -1;
		rc = more(s);
	}
	return rc < 0 ? -1 : 1;
}

int jsonwalk_find(struct jsonwalk *w, const char *key, struct buf *out, struct err *e)
{
	CLEANUP(mem_freep)
	struct source *s = mem_alloc(sizeof(*s));

	s->w = w;
	s->e = e;
	return find(s, key, out);
}
