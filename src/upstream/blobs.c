/*
 * blobs.c - a blob's size, and its bytes from an offset on.
 *
 * What the server says of the range is checked before the first byte is handed on, and at
 * the end that as many came as it promised.
 */
#include "upstream/upstream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/range.h"
#include "upstream/exchange.h"
#include "upstream/refusal.h"

/* Of a full pipe: fewer wake-ups and larger writes; libcurl's most is 512 KiB. */
#define RECEIVE_BYTES (256u << 10)

struct ask {
	struct chase c;
	const struct reponame *name;
	const struct digest *digest;
	uint64_t offset;
	const struct upstream_sink *sink; /* NULL: only the size is wanted */
	int64_t size;			  /* of the whole blob; -1: not said */
	uint64_t first, came;		  /* offset of the first byte, bytes handed on */
	char range[64];
	char digest_text[DIGEST_TEXT_MAX];
	char path[NAME_MAX_BYTES + DIGEST_TEXT_MAX + 32];
};

static int run(struct ask *b, struct upstream *u, struct err *e)
{
	digest_text(b->digest, b->digest_text);
	snprintf(b->path, sizeof(b->path), "/v2/%s/blobs/%s", b->name->s, b->digest_text);
	b->c.header[0] = b->range[0] != '\0' ? b->range : NULL;
	b->c.arg = b;
	return exchange_run(u, &b->c, b->name, b->path, e);
}

static int add_context(const struct ask *b, struct upstream *u, struct err *e)
{
	return err_add(e, "%s: %s blob %.24s of %s", u->host, b->c.method, b->digest_text,
		       b->name->s);
}

/* Where the bytes of a 206 begin, and the whole size. */
static int read_part(struct ask *b, const struct transport_answer *a, struct err *e)
{
	uint64_t first, last, total;

	if (b->range[0] == '\0')
		return err_set(e, ERR_UPSTREAM,
			       "answered 206 though the whole was asked for");
	if (!range_parse_content(transport_header(a, "Content-Range", 0), &first, &last,
				 &total))
		return err_set(e, ERR_UPSTREAM,
			       "answered 206 without a usable Content-Range");
	if (first != b->offset)
		return err_set(e, ERR_UPSTREAM,
			       "sends from byte %" PRIu64 " and not %" PRIu64, first,
			       b->offset);
	b->first = first;
	b->size = total <= INT64_MAX ? (int64_t)total : -1;
	return 0;
}

static void read_whole(struct ask *b, const struct transport_answer *a)
{
	b->first = 0;
	b->size = transport_length(a);
	/* A web page in between: its length is not the blob's. The digest will tell. */
	if (refusal_is_html(a, (struct view){ 0 }))
		b->size = -1;
}

static int on_size(void *arg, struct transport_answer *a, struct err *e)
{
	struct ask *b = arg;

	if (a->status == 206)
		return read_part(b, a, e) != 0 ? -1 : 1;
	read_whole(b, a);
	return 1;
}

static int on_begin(void *arg, struct transport_answer *a, struct err *e)
{
	struct ask *b = arg;

	if (a->status == 206) {
		if (read_part(b, a, e) != 0)
			return -1;
	} else if (a->status == 200) {
		read_whole(b, a);
	} else {
		return err_set(e, ERR_UPSTREAM, "answered %d", a->status);
	}
	return b->sink->begin(b->sink->arg, b->size, b->first, e) == 0 ? 0 : -1;
}

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct ask *b = arg;

	if (b->size >= 0 && b->first + b->came + n > (uint64_t)b->size)
		return err_set(e, ERR_UPSTREAM,
			       "sends more than the %" PRId64 " bytes it said", b->size);
	b->came += n;
	return b->sink->data(b->sink->arg, p, n, e) == 0 ? 0 : -1;
}

static int refused(const struct ask *b, struct err *e)
{
	if (b->c.answer.status == 416 && b->offset > 0)
		return err_set(e, ERR_CORRUPT,
			       "has no byte %" PRIu64 ": what is here is no part of it",
			       b->offset);
	return refusal_of(&b->c, true, e);
}

int upstream_get_blob(struct upstream *u, const struct reponame *name,
		      const struct digest *d, uint64_t offset,
		      const struct upstream_sink *sink, struct err *e)
{
	struct ask b = { .name = name, .digest = d, .offset = offset, .sink = sink };
	int rc;

	b.c.kind = "blob_get";
	b.c.method = "GET";
	b.c.buffer_bytes = RECEIVE_BYTES;
	b.c.head = on_begin;
	b.c.data = on_data;
	if (offset > 0)
		snprintf(b.range, sizeof(b.range), "Range: bytes=%" PRIu64 "-", offset);
	rc = run(&b, u, e);
	if (rc == 0 && b.c.answer.status != 200 && b.c.answer.status != 206)
		rc = refused(&b, e);
	else if (rc == 0 && b.size >= 0 && b.first + b.came != (uint64_t)b.size)
		rc = err_set(e, ERR_UPSTREAM,
			     "ended after %" PRIu64 " of %" PRId64 " bytes",
			     b.first + b.came, b.size);
	if (rc != 0)
		add_context(&b, u, e);
	chase_done(&b.c);
	return rc;
}

/* 1: the size is known, 0: HEAD does not tell, -1: *e. */
static int by_head(struct ask *b, struct upstream *u, struct err *e)
{
	int status;

	b->c.method = "HEAD";
	if (run(b, u, e) != 0)
		return -1;
	status = b->c.answer.status;
	/* Some say 0 for "I did not look". */
	if (status == 200 && transport_length(&b->c.answer) > 0) {
		read_whole(b, &b->c.answer);
		return b->size >= 0;
	}
	if (status == 429 || status >= 500 || (status == 404 && !b->c.way.foreign))
		return status == 501 ? 0 : refusal_of(&b->c, true, e);
	return 0;
}

/* GET of the first byte, and the rest unread where that is ignored. */
static int by_first_byte(struct ask *b, struct upstream *u, struct err *e)
{
	b->c.method = "GET";
	b->c.head = on_size;
	snprintf(b->range, sizeof(b->range), "Range: bytes=0-0");
	if (run(b, u, e) != 0)
		return -1;
	if (b->c.answer.status == 416) {
		if (view_is(transport_header(&b->c.answer, "Content-Range", 0),
			    "bytes */0"))
			b->size = 0;
	} else if (b->c.answer.status != 200 && b->c.answer.status != 206) {
		return refusal_of(&b->c, true, e);
	}
	return b->size >= 0 ? 0 : err_set(e, ERR_UPSTREAM, "does not say the size");
}

int upstream_head_blob(struct upstream *u, const struct reponame *name,
		       const struct digest *d, int64_t deadline_ms, uint64_t *size,
		       struct err *e)
{
	struct ask b = { .name = name, .digest = d, .size = -1 };
	int rc;

	b.c.kind = "blob_head";
	b.c.deadline_ms = deadline_ms;
	rc = by_head(&b, u, e);
	if (rc == 0)
		rc = by_first_byte(&b, u, e);
	else if (rc > 0)
		rc = 0;
	if (rc == 0)
		*size = (uint64_t)b.size;
	else
		add_context(&b, u, e);
	chase_done(&b.c);
	return rc;
}
