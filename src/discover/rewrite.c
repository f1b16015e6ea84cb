/*
 * rewrite.c - putting digests into texts and taking them out. No state.
 */
#include "discover/rewrite.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "oci/digest.h"

#define MARK " larder lock: "

static size_t line_start(struct view text, size_t off)
{
	while (off > 0 && text.p[off - 1] != '\n')
		off--;
	if (off == 0 && view_starts(text, "\xef\xbb\xbf"))
		off = 3;
	return off;
}

/* The line that begins at off, with its end. */
static struct view line_at(struct view text, size_t off)
{
	const char *p = text.p + off;
	const char *end = off < text.n ? memchr(p, '\n', text.n - off) : NULL;

	return (struct view){ p, end != NULL ? (size_t)(end - p) + 1 : text.n - off };
}

/* What a comment of ours says was written; n 0: it is none. */
static struct view marked(struct view line)
{
	struct view none = { NULL, 0 }, v = line;
	size_t mark = strlen(MARK), i;

	while (v.n > 0 && (v.p[v.n - 1] == '\n' || v.p[v.n - 1] == '\r'))
		v.n--;
	v = view_trim(v);
	for (i = 0; i < 2 && i < v.n && (v.p[i] == '#' || v.p[i] == '/'); i++)
		;
	if (i == 0 || (v.p[0] == '/' && i != 2) || (v.p[0] == '#' && i != 1))
		return none;
	v.p += i;
	v.n -= i;
	if (!view_starts(v, MARK))
		return none;
	v = view_trim((struct view){ v.p + mark, v.n - mark });
	return memchr(v.p, ' ', v.n) == NULL ? v : none;
}

/* "@sha256:" and 64 digits at p: their length, or 0. */
static size_t digest_at(const char *p, const char *end)
{
	static const char begin[] = "@sha256:";
	size_t n = strlen(begin), i;

	if ((size_t)(end - p) < n + 64 || memcmp(p, begin, n) != 0)
		return 0;
	for (i = 0; i < 64; i++)
		if (!isdigit((unsigned char)p[n + i]) &&
		    (p[n + i] < 'a' || p[n + i] > 'f'))
			return 0;
	return n + 64;
}

/* Where in line, from i on, written stands with a digest; SIZE_MAX: nowhere. */
static size_t pinned_in(struct view line, size_t i, struct view written)
{
	for (; i + written.n < line.n; i++) {
		const char *p = line.p + i;
		bool begins = i == 0 || (!isalnum((unsigned char)p[-1]) &&
					 strchr("._-@:", p[-1]) == NULL);

		/* Of a "/" there may be two, as in docker://. */
		if (i > 1 && p[-1] == '/')
			begins = p[-2] == '/';
		if (begins && memcmp(p, written.p, written.n) == 0 &&
		    digest_at(p + written.n, line.p + line.n) > 0)
			return i;
	}
	return SIZE_MAX;
}

struct view rewrite_written(struct view text, const struct find *f)
{
	size_t start = line_start(text, f->off);
	struct view none = { NULL, 0 }, line;

	while (f->len > 0 && start > 0) {
		size_t before = line_start(text, start - 1);
		struct view mark;

		if (before >= start)
			return none;
		line = line_at(text, before);
		mark = marked(line);
		if (mark.n == 0)
			return none;
		if (mark.n < f->len && memcmp(text.p + f->off, mark.p, mark.n) == 0 &&
		    digest_at(text.p + f->off + mark.n, text.p + f->off + f->len) ==
			    f->len - mark.n)
			return mark;
		start = before;
	}
	return none;
}

/* Is what stands before a value one entry of YAML in blocks, or of JSON over lines:
 * dashes, a key, a quote? */
static bool is_entry(struct view before)
{
	struct view v = view_trim(before);
	size_t i = 0;

	while (i < v.n && (v.p[i] == '-' || v.p[i] == ' '))
		i++;
	if (i < v.n && (v.p[i] == '"' || v.p[i] == '\'') && i + 1 < v.n)
		i++;
	while (i < v.n && (isalnum((unsigned char)v.p[i]) || strchr("_-.", v.p[i])))
		i++;
	if (i < v.n && (v.p[i] == '"' || v.p[i] == '\''))
		i++;
	if (i < v.n && v.p[i] == ':') {
		i++;
		while (i < v.n && v.p[i] == ' ')
			i++;
	}
	if (i < v.n && (v.p[i] == '"' || v.p[i] == '\''))
		i++;
	if (view_starts((struct view){ v.p + i, v.n - i }, "docker://"))
		i += strlen("docker://");
	return i == v.n;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

const char *rewrite_why_not(struct view text, const struct find *f)
{
	size_t start;

	if (f->len == 0)
		return strchr(f->text, '$') != NULL || strchr(f->text, '{') != NULL
			       ? "it has variables: write the digest where they get "
				 "their "
				 "values"
			       : "it does not stand in one piece in its file";
	if (f->off + f->len > text.n || memcmp(text.p + f->off, f->text, f->len) != 0)
		return "its file has been changed meanwhile";
	if (strcmp(f->where, "# syntax") == 0)
		return "no comment may stand above a directive";
	if (f->kind != FIND_DEVCONTAINER && ends_with(f->file, ".json"))
		return "JSON has no comments";
	start = line_start(text, f->off);
	if (f->kind != FIND_DOCKERFILE && f->kind != FIND_LIST &&
	    !is_entry((struct view){ text.p + start, f->off - start }))
		return "other things stand before it in its line";
	return NULL;
}

/* The comment above a line: with its indentation and its end. */
static int add_mark(struct buf *out, struct view line, enum find_kind kind,
		    struct view written)
{
	size_t indent = 0, n = line.n;
	bool cr = n > 1 && line.p[n - 1] == '\n' && line.p[n - 2] == '\r';

	while (indent < n && (line.p[indent] == ' ' || line.p[indent] == '\t'))
		indent++;
	return buf_add(out, line.p, indent) == 0 &&
			       buf_adds(out, kind == FIND_DEVCONTAINER ? "//" : "#") ==
				       0 &&
			       buf_adds(out, MARK) == 0 &&
			       buf_add(out, written.p, written.n) == 0 &&
			       buf_adds(out, cr ? "\r\n" : "\n") == 0
		       ? 0
		       : -1;
}

int rewrite_pin(struct view text, enum find_kind kind, const struct rewrite_place *place,
		size_t n, struct buf *out)
{
	size_t done = 0, i, j;

	for (i = 0; i < n; i = j) {
		size_t start = line_start(text, place[i].off);
		struct view line = line_at(text, start);

		if (start > done && buf_add(out, text.p + done, start - done) != 0)
			return -1;
		done = start;
		/* The comments of all that stands in this line, then the line. */
		for (j = i; j < n && place[j].off < start + line.n; j++) {
			struct view ref = { text.p + place[j].off, place[j].len };

			if (memchr(ref.p, '@', ref.n) == NULL &&
			    add_mark(out, line, kind, ref) != 0)
				return -1;
		}
		for (j = i; j < n && place[j].off < start + line.n; j++) {
			struct view ref = { text.p + place[j].off, place[j].len };
			const char *at = memchr(ref.p, '@', ref.n);
			size_t keep = at != NULL ? (size_t)(at - ref.p) : ref.n;

			if (buf_add(out, text.p + done, place[j].off - done + keep) !=
				    0 ||
			    buf_addf(out, "@%s", place[j].digest) != 0)
				return -1;
			done = place[j].off + place[j].len;
		}
	}
	return buf_add(out, text.p + done, text.n - done);
}

/* --- back --- */

/* The line from off on, without the digests that the comments in marks (lines of text)
 * say were put in; those that say nothing of it are written again before it. */
static int unpin_line(struct view marks, struct view line, struct buf *out, size_t *n,
		      size_t *left)
{
	size_t at[64], drop[64], many = 0, from = 0, i;
	struct view rest = marks;

	while (rest.n > 0) {
		struct view mark = line_at(rest, 0), written = marked(mark);
		size_t found = many < 64 ? pinned_in(line, from, written) : SIZE_MAX;

		rest.p += mark.n;
		rest.n -= mark.n;
		if (found == SIZE_MAX) {
			++*left;
			if (buf_add(out, mark.p, mark.n) != 0)
				return -1;
			continue;
		}
		at[many] = found + written.n;
		drop[many] = digest_at(line.p + at[many], line.p + line.n);
		from = at[many] + drop[many];
		many++;
		++*n;
	}
	for (from = i = 0; i < many; i++) {
		if (buf_add(out, line.p + from, at[i] - from) != 0)
			return -1;
		from = at[i] + drop[i];
	}
	return buf_add(out, line.p + from, line.n - from);
}

int rewrite_unpin(struct view text, struct buf *out, size_t *n, size_t *left)
{
	size_t off = line_start(text, 0), marks = off;

	*n = *left = 0;
	if (buf_add(out, text.p, off) != 0)
		return -1;
	while (off < text.n) {
		struct view line = line_at(text, off);

		off += line.n;
		if (marked(line).n > 0 && off < text.n)
			continue;
		if (unpin_line((struct view){ text.p + marks,
					      (size_t)(line.p - text.p) - marks },
			       line, out, n, left) != 0)
			return -1;
		marks = off;
	}
	return 0;
}
