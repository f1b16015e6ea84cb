/*
 * blobs.c - GET and HEAD /v2/<name>/blobs/<digest> (OCI distribution-spec "Pulling
 * blobs"), whole or by range (RFC 9110 section 14), from a file or from a download under
 * way.
 *
 * A finished file goes out by sendfile. From a flight, the answer is copied as bytes
 * land; where there are none the connection is suspended until there are.
 */
#include "server/park.h"
#include "server/reply.h"
#include "server/server_impl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "mirror/ask_blob.h"
#include "mirror/reader.h"
#include "mirror/suspect.h"
#include "server/sent.h"
#include "store/blob.h"
#include "codec/range.h"

#define BLOCK_BYTES (128u << 10)
#define BLOCK_BYTES_MANY (16u << 10) /* with many streams, so that memory stays small */
#define MANY_STREAMS 64
#define CUT_LOOK_BYTES (64u << 10) /* of a file, where its sending stopped, ... */
#define CUT_HEADER_BYTES 8192	   /* ... and some before */

/* An answer copied from a flight; freed by libmicrohttpd with the response. */
struct stream {
	struct request *rq;
	struct server *server;
	struct reader *reader;
	uint64_t first; /* offset in the blob of the answer's first byte */
};

static void add_headers(struct MHD_Response *r, const char *digest)
{
	reply_header(r, "Content-Type", "application/octet-stream");
	reply_header(r, "Docker-Content-Digest", digest);
	reply_headerf(r, "ETag", "\"%s\"", digest);
	reply_header(r, "Accept-Ranges", "bytes");
	reply_header(r, "Cache-Control", "max-age=31536000");
}

static enum MHD_Result not_modified(struct request *rq, const char *digest)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);

	if (r == NULL)
		return MHD_NO;
	reply_header(r, "Docker-Content-Digest", digest);
	reply_headerf(r, "ETag", "\"%s\"", digest);
	return reply_send(rq, MHD_HTTP_NOT_MODIFIED, r);
}

static enum MHD_Result unsatisfied(struct request *rq, uint64_t size)
{
	char range[64], message[160];

	snprintf(range, sizeof(range), "bytes */%llu", (unsigned long long)size);
	snprintf(message, sizeof(message),
		 "the range asked for is outside of the blob's %llu bytes",
		 (unsigned long long)size);
	return reply_oci_error_with(rq, MHD_HTTP_RANGE_NOT_SATISFIABLE,
				    OCIERR_SIZE_INVALID, message, "Content-Range", range);
}

/* The range to send; If-Range with another entity tag makes it the whole. */
static enum range_kind wanted(struct request *rq, const char *digest, uint64_t size,
			      struct range *out)
{
	struct view range = request_header(rq, "Range");
	struct view only_if = request_header(rq, "If-Range");

	*out = (struct range){ 0, size };
	if (range.n == 0 || !rq->get)
		return RANGE_NONE;
	if (only_if.n > 0 &&
	    (only_if.n < 2 || only_if.p[0] != '"' ||
	     !view_is((struct view){ only_if.p + 1, only_if.n - 2 }, digest)))
		return RANGE_NONE;
	return range_parse(range, size, out);
}

static enum MHD_Result send_it(struct request *rq, struct MHD_Response *r,
			       const char *digest, enum range_kind kind,
			       const struct range *part, uint64_t size)
{
	add_headers(r, digest);
	if (kind != RANGE_PART)
		return reply_send(rq, MHD_HTTP_OK, r);
	reply_headerf(r, "Content-Range", "bytes %llu-%llu/%llu",
		      (unsigned long long)part->first,
		      (unsigned long long)(part->first + part->count - 1),
		      (unsigned long long)size);
	return reply_send(rq, MHD_HTTP_PARTIAL_CONTENT, r);
}

static int socket_of(struct request *rq)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(rq->conn, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info != NULL ? info->connect_fd : -1;
}

static enum MHD_Result from_file(struct request *rq, const char *digest, int fd,
				 uint64_t size)
{
	struct MHD_Response *r;
	enum range_kind kind;
	struct range part;

	kind = wanted(rq, digest, size, &part);
	if (kind == RANGE_UNSATISFIED) {
		close(fd);
		return unsatisfied(rq, size);
	}
	/* A response made from an empty file would not send its Content-Length. */
	if (part.count == 0) {
		close(fd);
		r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	} else {
		r = MHD_create_response_from_fd_at_offset64(part.count, fd, part.first);
	}
	if (r == NULL) {
		if (part.count > 0)
			close(fd);
		return MHD_NO;
	}
	rq->bytes = part.count;
	if (part.count > 0 && sent_bytes(socket_of(rq), &rq->sent)) {
		rq->file = size;
		rq->first = part.first;
	}
	return send_it(rq, r, digest, kind, &part, size);
}

static ssize_t read_stream(void *arg, uint64_t pos, char *p, size_t n)
{
	struct stream *s = arg;
	uint64_t seen;
	struct err e;
	ssize_t got;

	if (!park_resumed(s->rq)) {
		s->rq->failed = true;
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	got = reader_read(s->reader, s->first + pos, p, n, &seen, &e);
	if (got > 0) {
		s->rq->bytes += (uint64_t)got;
		return got;
	}
	if (got == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (got != -EAGAIN) {
		s->rq->failed = true;
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	park_suspend(s->rq, reader_bell(s->reader), seen);
	return 0;
}

static void free_stream(void *arg)
{
	struct stream *s = arg;

	atomic_fetch_sub(&s->server->streams, 1);
	reader_free(s->reader);
	free(s);
}

/* Takes over the reference to the flight. */
static enum MHD_Result from_flight(struct request *rq, const char *digest,
				   struct found_blob *found)
{
	struct range part = { 0, MHD_SIZE_UNKNOWN };
	enum range_kind kind = RANGE_NONE;
	struct MHD_Response *r;
	struct reader *reader;
	struct stream *s;
	int many;

	if (found->size >= 0)
		kind = wanted(rq, digest, (uint64_t)found->size, &part);
	if (kind == RANGE_UNSATISFIED) {
		task_unref(found->flight);
		return unsatisfied(rq, (uint64_t)found->size);
	}
	reader = reader_new(found->flight, part.first, found->size);
	task_unref(found->flight);
	if (reader_missed(reader)) {
		reader_free(reader);
		return blobs_handle(rq); /* which finds that it has to wait */
	}
	s = mem_alloc(sizeof(*s));
	s->rq = rq;
	s->server = rq->server;
	s->first = part.first;
	s->reader = reader;
	many = atomic_fetch_add(&rq->server->streams, 1);
	r = MHD_create_response_from_callback(
		part.count, many > MANY_STREAMS ? BLOCK_BYTES_MANY : BLOCK_BYTES,
		read_stream, s, free_stream);
	if (r == NULL) {
		free_stream(s);
		return MHD_NO;
	}
	return send_it(rq, r, digest, kind, &part, (uint64_t)found->size);
}

/* The answer to HEAD has no body, but it has a length. */
static ssize_t no_body(void *arg, uint64_t pos, char *p, size_t n)
{
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* HEAD: the size is all that is known, and all that is asked. */
static enum MHD_Result only_size(struct request *rq, const char *digest, uint64_t size)
{
	struct MHD_Response *r =
		MHD_create_response_from_callback(size, 1, no_body, NULL, NULL);
	struct range whole = { 0, size };

	if (r == NULL)
		return MHD_NO;
	return send_it(rq, r, digest, RANGE_NONE, &whole, size);
}

enum MHD_Result blobs_handle(struct request *rq)
{
	char digest[DIGEST_TEXT_MAX];
	struct found_blob found;
	struct err e;

	if (!rq->head && !rq->get)
		return reply_not_allowed(rq, "GET, HEAD",
					 "this larder does not take pushes or deletes");
	digest_text(&rq->ref.digest, digest);
	switch (ask_blob(rq->server->mirror, &rq->route, &rq->ref.digest, rq->get,
			 &rq->visit, &found, &e)) {
	case ANSWER_READY:
		break;
	case ANSWER_WAIT:
		return park_visit(rq);
	default:
		/* Who pushes asks first whether it is here, and ends with a bare status
		 * at anything but 404; what follows then says why it cannot be. */
		if (rq->head && e.kind == ERR_DENIED)
			e.kind = ERR_NOT_FOUND;
		return reply_err(rq, &e, OCIERR_BLOB_UNKNOWN, OCIERR_DIGEST_INVALID);
	}
	if (request_none_match(rq, digest)) {
		mem_closep(&found.fd);
		task_unref(found.flight);
		return not_modified(rq, digest);
	}
	if (rq->head)
		return only_size(rq, digest, (uint64_t)found.size);
	if (found.flight != NULL)
		return from_flight(rq, digest, &found);
	return from_file(rq, digest, found.fd, (uint64_t)found.size);
}

/* --- what was cut --- */

static bool is_there_still(struct request *rq)
{
	struct pollfd p = { .fd = socket_of(rq), .events = POLLRDHUP };

	return p.fd >= 0 && poll(&p, 1, 0) == 0;
}

/* What is there comes first, and the error with the next read. */
static bool reads(int fd, uint64_t from, uint64_t to)
{
	char piece[16384];
	struct err e;
	size_t got, n;

	for (; from < to; from += got) {
		n = to - from < sizeof(piece) ? (size_t)(to - from) : sizeof(piece);
		if (fs_pread(fd, piece, n, from, &got, &e) != 0 || got == 0)
			return false;
	}
	return true;
}

/* Can it be read where its sending stopped? Answers' headers are in what was sent, too.
 */
static bool is_readable(struct request *rq)
{
	uint64_t now, at, to, size;
	bool ok;
	int fd;

	if (!sent_bytes(socket_of(rq), &now) || now - rq->sent >= rq->bytes)
		return true;
	at = rq->first + now - rq->sent;
	to = rq->file - at < CUT_LOOK_BYTES ? rq->file : at + CUT_LOOK_BYTES;
	at -= at < CUT_HEADER_BYTES ? at : CUT_HEADER_BYTES;
	fd = blob_open(rq->server->store, &rq->ref.digest, &size, NULL);
	if (fd < 0)
		return true; /* gone, or it will be found out by who asks next */
	ok = reads(fd, at, to);
	close(fd);
	return ok;
}

/* libmicrohttpd does not say why it could not go on, and of a file that cannot be read
 * only when its time is over, or the client has had enough of waiting. */
void blobs_cut(struct request *rq, enum MHD_RequestTerminationCode code)
{
	if (rq->file == 0 || code == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN)
		return;
	if ((code == MHD_REQUEST_TERMINATED_WITH_ERROR && is_there_still(rq)) ||
	    !is_readable(rq))
		suspect_cut(rq->server->mirror, &rq->route, &rq->ref.digest);
}
