/*
 * block.c - finding, taking out and putting in what stands between our comments.
 */
#include "clients/block.h"

#include <string.h>

#include "clients/client.h"

#define BEGIN "# begin larder"
#define END "# end larder"

/* The line at text[at...]; *next is where the one after it begins. */
static struct view line_at(struct view text, size_t at, size_t *next)
{
	const char *end = memchr(text.p + at, '\n', text.n - at);
	struct view line = { text.p + at,
			     (end != NULL ? (size_t)(end - text.p) : text.n) - at };

	*next = at + line.n + (end != NULL);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return view_trim(line);
}

static unsigned line_number(struct view text, size_t at)
{
	unsigned n = 1;

	for (size_t i = 0; i < at; i++)
		n += text.p[i] == '\n';
	return n;
}

static int broken(struct view text, size_t at, struct err *e)
{
	return err_set(e, ERR_INVALID,
		       "line %u: of the two comments around what larder wrote (\"" BEGIN
		       "...\", \"" END "\") one is missing; take the rest out by hand",
		       line_number(text, at));
}

int block_next(struct view text, size_t *at, struct block_span *out, struct err *e)
{
	size_t here = *at, next, start = 0;
	bool inside = false;

	for (; here < text.n; here = next) {
		struct view line = line_at(text, here, &next);

		if (view_starts(line, BEGIN)) {
			if (inside)
				return broken(text, start, e);
			inside = true;
			start = here;
		} else if (view_starts(line, END)) {
			if (!inside)
				return broken(text, here, e);
			*out = (struct block_span){ start, next };
			*at = next;
			return 1;
		}
	}
	return inside ? broken(text, start, e) : 0;
}

int block_strip(struct view text, struct buf *out, size_t *found, struct err *e)
{
	struct block_span span;
	size_t at = 0, from = 0;
	int more;

	for (*found = 0; (more = block_next(text, &at, &span, e)) == 1; ++*found) {
		if (buf_add(out, text.p + from, span.start - from) != 0)
			return client_too_large(e);
		from = span.end;
	}
	if (more < 0)
		return -1;
	return buf_add(out, text.p + from, text.n - from) == 0 ? 0 : client_too_large(e);
}

int block_wrap(struct buf *out, const char *client, const char *indent, struct view lines)
{
	size_t at = 0;
	int rc = buf_addf(out,
			  "%s" BEGIN " (written by \"larder setup %s\"; --undo takes it "
			  "out)\n",
			  indent, client);

	while (at < lines.n && rc == 0) {
		const char *end = memchr(lines.p + at, '\n', lines.n - at);
		size_t n = (size_t)(end - lines.p) + 1 - at;

		rc = buf_addf(out, "%s%.*s", n > 1 ? indent : "", (int)n, lines.p + at);
		at += n;
	}
	return rc != 0 ? -1 : buf_addf(out, "%s" END "\n", indent);
}

int block_put(struct view text, size_t place, struct view block, struct buf *out,
	      struct err *e)
{
	struct block_span span = { place, place }, second;
	size_t at = 0;
	int found = block_next(text, &at, &span, e), more;

	if (found < 0)
		return -1;
	more = block_next(text, &at, &second, e);
	if (more < 0)
		return -1;
	if (more > 0)
		return err_set(e, ERR_INVALID,
			       "line %u: larder's block is here twice; take one out",
			       line_number(text, second.start));
	if (buf_add(out, text.p, span.start) != 0 ||
	    (span.start > 0 && text.p[span.start - 1] != '\n' &&
	     buf_adds(out, "\n") != 0) ||
	    buf_add(out, block.p, block.n) != 0 ||
	    buf_add(out, text.p + span.end, text.n - span.end) != 0)
		return client_too_large(e);
	return 0;
}
