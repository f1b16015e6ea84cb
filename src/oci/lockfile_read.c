/*
 * lockfile_read.c - line by line. What a reader has is on its caller's stack.
 */
#include "oci/lockfile_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/httpdate.h"

#define MAGIC "larder-lock"
#define SHOWN 80 /* of a text that may be anything */

struct reader {
	struct view rest;
	unsigned line;
	struct lockfile *out;
	struct lockfile_entry *now; /* whose lines these are; NULL: none yet */
	struct buf comment;	    /* lines that belong to nothing yet */
	struct buf head;
};

static int bad(const struct reader *r, struct view text, const char *why, struct err *e)
{
	return err_set(e, ERR_INVALID, "line %u: \"%.*s\": %s", r->line,
		       (int)(text.n < SHOWN ? text.n : SHOWN), text.p, why);
}

static int long_comment(const struct reader *r, struct err *e)
{
	return err_set(e, ERR_LIMIT, "line %u: comments of more than %d bytes", r->line,
		       LOCKFILE_MAX_COMMENT);
}

/* 1: *out is the next line, without its end. 0: there is none. */
static int next_line(struct reader *r, struct view *out, struct err *e)
{
	const char *end;
	struct view v = r->rest;
	size_t i;

	if (v.n == 0)
		return 0;
	end = memchr(v.p, '\n', v.n);
	v.n = end != NULL ? (size_t)(end - v.p) : v.n;
	r->rest.p += v.n + (end != NULL);
	r->rest.n -= v.n + (end != NULL);
	r->line++;
	if (v.n > 0 && v.p[v.n - 1] == '\r')
		v.n--;
	if (v.n > LOCKFILE_MAX_LINE)
		return err_set(e, ERR_LIMIT, "line %u: longer than %d bytes", r->line,
			       LOCKFILE_MAX_LINE);
	for (i = 0; i < v.n; i++)
		if (((unsigned char)v.p[i] < ' ' && v.p[i] != '\t') || v.p[i] == 0x7f)
			return err_set(e, ERR_INVALID, "line %u: a control character",
				       r->line);
	*out = v;
	return 1;
}

static int first_line(struct reader *r, struct err *e)
{
	struct view line, word;
	int rc = next_line(r, &line, e);

	if (rc < 0)
		return -1;
	word = rc > 0 ? view_word(&line) : (struct view){ "", 0 };
	if (!view_is(word, MAGIC))
		return err_set(e, ERR_INVALID,
			       "line 1 must be \"" MAGIC
			       " %d\": this is no lock file, or "
			       "an empty one; `larder lock` writes it",
			       LOCKFILE_VERSION);
	line = view_trim(line);
	if (!view_is(line, "1"))
		return err_set(
			e, ERR_INVALID,
			"line 1: a lock file of version \"%.*s\"; this larder reads "
			"version %d: use the larder that wrote it",
			(int)(line.n < SHOWN ? line.n : SHOWN), line.p, LOCKFILE_VERSION);
	return 0;
}

static bool is_visible(struct view v)
{
	size_t i;

	for (i = 0; i < v.n; i++)
		if (v.p[i] <= ' ' || v.p[i] > '~')
			return false;
	return v.n > 0;
}

static int read_time(const struct reader *r, struct view value, int64_t *out,
		     struct err *e)
{
	int64_t s;

	if (*out != 0)
		return bad(r, value, "said twice", e);
	if (!httpdate_parse(value, &s) || s <= 0)
		return bad(r, value, "no time; write it like 2026-11-26T06:00:00Z", e);
	*out = s;
	return 0;
}

static int read_word(const struct reader *r, struct view value, char **out, size_t max,
		     struct err *e)
{
	if (*out != NULL)
		return bad(r, value, "said twice", e);
	if (!is_visible(value) || value.n >= max)
		return bad(r, value, "must be one word of plain letters", e);
	*out = mem_dupn(value.p, value.n);
	return 0;
}

static int read_digest(const struct reader *r, struct view value, struct err *e)
{
	struct err why;

	if (r->now->image.has_digest)
		return bad(r, value,
			   "a second digest of one image; which of them is right? Remove "
			   "the other",
			   e);
	if (digest_parse(value, &r->now->image.digest, &why) != 0)
		return bad(r, value, why.msg, e);
	r->now->image.has_digest = true;
	return 0;
}

static int read_platforms(const struct reader *r, struct view value,
			  struct platform **out, size_t *count, struct err *e)
{
	struct platform p[LOCKFILE_MAX_PLATFORMS];
	size_t n;

	if (*count > 0)
		return bad(r, value, "said twice", e);
	if (platform_list(value, p, LOCKFILE_MAX_PLATFORMS, &n, e) != 0)
		return err_add(e, "line %u", r->line);
	*out = mem_grow(*out, n * sizeof(*p));
	memcpy(*out, p, n * sizeof(*p));
	*count = n;
	return 0;
}

/* "  digest  sha256:..." */
static int read_field(struct reader *r, struct view line, struct err *e)
{
	struct view rest = line, key = view_word(&rest), value = view_trim(rest);

	if (key.p[0] == '#')
		return bad(r, key,
			   "a comment stands above its image, at the line's begin", e);
	if (r->now == NULL)
		return bad(r, key, "no image's name stands above this; it begins a line",
			   e);
	if (view_is(key, "digest"))
		return read_digest(r, value, e);
	if (view_is(key, "type"))
		return read_word(r, value, &r->now->media_type, MEDIATYPE_MAX, e);
	if (view_is(key, "platforms"))
		return read_platforms(r, value, &r->now->platform, &r->now->nplatforms,
				      e);
	if (view_is(key, "for"))
		return read_platforms(r, value, &r->now->wish, &r->now->nwishes, e);
	if (view_is(key, "from"))
		return read_word(r, value, &r->now->from, LOCKFILE_MAX_LINE, e);
	if (view_is(key, "locked"))
		return read_time(r, value, &r->now->locked_s, e);
	if (view_is(key, "as-of"))
		return read_time(r, value, &r->now->as_of_s, e);
	return bad(r, key,
		   "must be one of digest, type, platforms, for, from, locked and as-of",
		   e);
}

static int end_entry(const struct reader *r, struct err *e)
{
	char text[IMAGEREF_TEXT_MAX];

	if (r->now == NULL || r->now->image.has_digest)
		return 0;
	imageref_text(&r->now->image, text);
	return err_set(e, ERR_INVALID,
		       "line %u: %s has no digest; write \"  digest sha256:...\" below "
		       "it, or remove it",
		       r->now->line, text);
}

static int read_image(struct reader *r, struct view line, struct err *e)
{
	struct lockfile_entry *entry;
	struct imageref image;
	struct err why;

	if (end_entry(r, e) != 0)
		return -1;
	if (view_starts(line, "<<<<<<<") || view_starts(line, "=======") ||
	    view_starts(line, ">>>>>>>") || view_starts(line, "|||||||"))
		return bad(r, line,
			   "the mark of a merge conflict; choose one side's lines, or "
			   "lock the image again",
			   e);
	if (imageref_parse(view_trim(line), &image, &why) != 0)
		return err_set(e, ERR_INVALID, "line %u: %s", r->line, why.msg);
	if (image.has_digest)
		return bad(r, line, "the digest has a line of its own, below", e);
	if (imageref_canonical(&image, &image, e) != 0)
		return err_add(e, "line %u", r->line);
	if (r->out->n == LOCKFILE_MAX_ENTRIES)
		return err_set(e, ERR_LIMIT, "line %u: more than %d images", r->line,
			       LOCKFILE_MAX_ENTRIES);
	entry = mem_alloc(sizeof(*entry));
	entry->image = image;
	entry->line = r->line;
	if (r->comment.n > 0)
		entry->comment = mem_dup(buf_str(&r->comment));
	buf_clear(&r->comment);
	if ((r->out->n & (r->out->n - 1)) == 0)
		r->out->entry = mem_grow(r->out->entry,
					 (2 * r->out->n + 1) * sizeof(*r->out->entry));
	r->out->entry[r->out->n++] = entry;
	r->now = entry;
	return 0;
}

/* What stands above it belongs to the file, as long as there is no image. */
static int empty_line(struct reader *r, struct err *e)
{
	if (r->now != NULL || r->comment.n == 0)
		return 0;
	if ((r->head.n > 0 && buf_adds(&r->head, "\n") != 0) ||
	    buf_add(&r->head, r->comment.p, r->comment.n) != 0)
		return long_comment(r, e);
	buf_clear(&r->comment);
	return 0;
}

static int read_line(struct reader *r, struct view line, struct err *e)
{
	if (view_trim(line).n == 0)
		return empty_line(r, e);
	if (line.p[0] == '#')
		return buf_add(&r->comment, line.p, line.n) != 0 ||
				       buf_adds(&r->comment, "\n") != 0
			       ? long_comment(r, e)
			       : 0;
	if (line.p[0] == ' ' || line.p[0] == '\t')
		return read_field(r, line, e);
	return read_image(r, line, e);
}

static int read_lines(struct reader *r, struct err *e)
{
	struct view line;
	int rc;

	if (first_line(r, e) != 0)
		return -1;
	while ((rc = next_line(r, &line, e)) > 0)
		if (read_line(r, line, e) != 0)
			return -1;
	if (rc != 0 || end_entry(r, e) != 0 || empty_line(r, e) != 0)
		return -1;
	if (r->head.n > 0)
		r->out->head = mem_dup(buf_str(&r->head));
	if (r->comment.n > 0)
		r->out->tail = mem_dup(buf_str(&r->comment));
	return 0;
}

int lockfile_read_text(struct view text, struct lockfile *out, struct err *e)
{
	struct reader r = {
		.rest = text,
		.out = out,
		.comment = BUF_INIT(LOCKFILE_MAX_COMMENT),
		.head = BUF_INIT(LOCKFILE_MAX_COMMENT),
	};
	int rc;

	if (view_starts(r.rest, "\xef\xbb\xbf")) { /* a byte order mark */
		r.rest.p += 3;
		r.rest.n -= 3;
	}
	rc = read_lines(&r, e);
	buf_done(&r.comment);
	buf_done(&r.head);
	return rc;
}
