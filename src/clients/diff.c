/*
 * diff.c - the longest common subsequence of lines, over what is between the lines that
 * are the same at the beginning and at the end.
 */
#include "clients/diff.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define CONTEXT 3
#define MAX_CELLS (1u << 22) /* of the table: 8 MiB */

struct lines {
	struct view *v; /* each with its newline, if it has one */
	size_t n;
};

/* Both texts' lines one after the other, as they are shown. */
struct script {
	struct {
		char sign; /* ' ', '-', '+' */
		struct view line;
	} * step;
	size_t n;
};

static struct lines split(struct view text)
{
	struct lines l = { NULL, 0 };
	size_t i, n = 1;

	for (i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	l.v = mem_alloc(n * sizeof(*l.v));
	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t len = end != NULL ? (size_t)(end - text.p) + 1 : text.n;

		l.v[l.n++] = (struct view){ text.p, len };
		text.p += len;
		text.n -= len;
	}
	return l;
}

static bool same(struct view a, struct view b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static void step(struct script *s, char sign, struct view line)
{
	s->step[s->n].sign = sign;
	s->step[s->n++].line = line;
}

/* common[i][j]: how many lines a[i...] and b[j...] have in common. NULL: too large. */
static uint16_t *measure(const struct view *a, size_t n, const struct view *b, size_t m)
{
	uint16_t *common;
	size_t i, j, w = m + 1;

	if (n >= UINT16_MAX || m >= UINT16_MAX || (n + 1) * w > MAX_CELLS)
		return NULL;
	common = mem_alloc((n + 1) * w * sizeof(*common));
	for (i = n; i-- > 0;)
		for (j = m; j-- > 0;) {
			uint16_t down = common[(i + 1) * w + j];
			uint16_t right = common[i * w + j + 1];

			if (same(a[i], b[j]))
				common[i * w + j] =
					(uint16_t)(common[(i + 1) * w + j + 1] + 1);
			else
				common[i * w + j] = down > right ? down : right;
		}
	return common;
}

static void compare(struct script *s, const struct view *a, size_t n,
		    const struct view *b, size_t m)
{
	uint16_t *common = measure(a, n, b, m);
	size_t i = 0, j = 0, w = m + 1;

	while (common != NULL && i < n && j < m) {
		if (same(a[i], b[j])) {
			step(s, ' ', a[i++]);
			j++;
		} else if (common[(i + 1) * w + j] >= common[i * w + j + 1]) {
			step(s, '-', a[i++]);
		} else {
			step(s, '+', b[j++]);
		}
	}
	while (i < n)
		step(s, '-', a[i++]);
	while (j < m)
		step(s, '+', b[j++]);
	free(common);
}

static void make_script(struct script *s, const struct lines *a, const struct lines *b)
{
	size_t head = 0, tail = 0, i;

	s->step = mem_alloc((a->n + b->n + 1) * sizeof(*s->step));
	while (head < a->n && head < b->n && same(a->v[head], b->v[head]))
		step(s, ' ', a->v[head++]);
	while (tail < a->n - head && tail < b->n - head &&
	       same(a->v[a->n - 1 - tail], b->v[b->n - 1 - tail]))
		tail++;
	compare(s, a->v + head, a->n - head - tail, b->v + head, b->n - head - tail);
	for (i = a->n - tail; i < a->n; i++)
		step(s, ' ', a->v[i]);
}

/* Where in the line begins what is not to be shown; its length when nothing does. */
static size_t secret_at(struct view line)
{
	static const char *const words[] = { "password", "passwd", "secret", "token",
					     "auth" };
	size_t i, w;

	for (i = 0; i < line.n; i++)
		for (w = 0; w < ARRAY_LEN(words); w++) {
			size_t n = strlen(words[w]), at = i + n;

			if (at > line.n || strncasecmp(line.p + i, words[w], n) != 0)
				continue;
			while (at < line.n && strchr("\"' \t", line.p[at]) != NULL)
				at++;
			if (at < line.n && strchr(":=", line.p[at]) != NULL)
				return at + 1;
		}
	return line.n;
}

/* Of the URL that begins at or after `from` with a user: the span between // and @. */
static bool userinfo_at(struct view line, size_t from, size_t *start, size_t *end)
{
	for (size_t i = from; i + 3 <= line.n; i++) {
		if (memcmp(line.p + i, "://", 3) != 0)
			continue;
		*start = i + 3;
		for (*end = *start;
		     *end < line.n && strchr("/ \t\"'\n", line.p[*end]) == NULL; ++*end)
			if (line.p[*end] == '@')
				return true;
	}
	return false;
}

static int show(struct buf *out, char sign, struct view line)
{
	bool ended = line.n > 0 && line.p[line.n - 1] == '\n';
	struct view text = { line.p, line.n - ended };
	size_t shown = secret_at(text), at = 0, start, end;
	struct view head = { text.p, shown };
	int rc = buf_add(out, &sign, 1);

	while (rc == 0 && userinfo_at(head, at, &start, &end)) {
		rc = buf_add(out, head.p + at, start - at) != 0 ||
		     buf_adds(out, "(hidden)") != 0;
		at = end;
	}
	if (rc == 0)
		rc = buf_add(out, head.p + at, head.n - at) != 0 ||
		     (shown < text.n && buf_adds(out, " (hidden)") != 0) ||
		     buf_adds(out, ended ? "\n" : "\n\\ No newline at end of file\n") !=
			     0;
	return rc != 0 ? -1 : 0;
}

/* "-3,4": lines of one side; of none, the line before is named. */
static int range(struct buf *out, char sign, size_t first, size_t n)
{
	if (n == 1)
		return buf_addf(out, " %c%zu", sign, first + 1);
	return buf_addf(out, " %c%zu,%zu", sign, n > 0 ? first + 1 : first, n);
}

/* Steps from..to, the first of which are these lines of the two texts. */
static int hunk(const struct script *s, size_t from, size_t to, size_t a, size_t b,
		struct buf *out)
{
	size_t i, n = 0, m = 0;
	int rc;

	for (i = from; i < to; i++) {
		n += s->step[i].sign != '+';
		m += s->step[i].sign != '-';
	}
	rc = buf_adds(out, "@@") != 0 || range(out, '-', a, n) != 0 ||
	     range(out, '+', b, m) != 0 || buf_adds(out, " @@\n") != 0;
	for (i = from; i < to && rc == 0; i++)
		rc = show(out, s->step[i].sign, s->step[i].line);
	return rc;
}

/* The end of the hunk whose first change is at i: CONTEXT lines after its last. */
static size_t hunk_end(const struct script *s, size_t i)
{
	size_t last = i;

	for (; i < s->n && i - last <= 2 * CONTEXT + 1; i++)
		if (s->step[i].sign != ' ')
			last = i;
	return last + 1 + CONTEXT < s->n ? last + 1 + CONTEXT : s->n;
}

static int print(const struct script *s, struct buf *out)
{
	size_t i, k, a = 0, b = 0; /* a, b: lines before step i */
	int rc = 0;

	for (i = 0; i < s->n && rc == 0;) {
		size_t back, end;

		if (s->step[i].sign == ' ') {
			i++, a++, b++;
			continue;
		}
		for (back = 0;
		     back < CONTEXT && back < i && s->step[i - back - 1].sign == ' ';)
			back++;
		end = hunk_end(s, i);
		rc = hunk(s, i - back, end, a - back, b - back, out);
		for (k = i; k < end; k++) {
			a += s->step[k].sign != '+';
			b += s->step[k].sign != '-';
		}
		i = end;
	}
	return rc;
}

int diff_unified(struct view before, struct view after, const char *name_before,
		 const char *name_after, struct buf *out)
{
	struct lines a, b;
	struct script s = { NULL, 0 };
	int rc;

	if (same(before, after))
		return 0;
	a = split(before);
	b = split(after);
	make_script(&s, &a, &b);
	rc = buf_addf(out, "--- %s\n+++ %s\n", name_before, name_after) != 0 ||
	     print(&s, out) != 0;
	free(s.step);
	free(a.v);
	free(b.v);
	return rc != 0 ? -1 : 0;
}
