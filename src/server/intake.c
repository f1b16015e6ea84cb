/*
 * intake.c - reading bodies. No state of its own.
 */
#include "server/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "server/clients.h"
#include "server/dispatch.h"
#include "store/upload.h"

bool intake_wanted(const struct request *rq)
{
	switch (rq->kind) {
	case REQUEST_MANIFEST:
		return rq->method == METHOD_PUT;
	case REQUEST_UPLOAD:
		return rq->method == METHOD_POST || rq->method == METHOD_PATCH ||
		       rq->method == METHOD_PUT;
	default:
		return false;
	}
}

/* framing.h has made sure that there is one Content-Length or one transfer coding. A
 * number that is none has been refused by libmicrohttpd. */
static uint64_t announced(struct request *rq)
{
	struct view v = request_header(rq, "Content-Length");
	char text[24];

	if (v.n == 0 || v.n >= sizeof(text))
		return UINT64_MAX;
	memcpy(text, v.p, v.n);
	text[v.n] = '\0';
	errno = 0;
	return strtoull(text, NULL, 10);
}

static bool too_long_to_read(struct request *rq)
{
	return request_header(rq, "Expect").n > 0 ||
	       (rq->intake->announced != UINT64_MAX &&
		rq->intake->announced > INTAKE_REFUSED_MAX_BYTES);
}

enum MHD_Result intake_header(struct request *rq)
{
	struct intake *in = rq->intake;

	if (in == NULL) {
		in = rq->intake = mem_alloc(sizeof(*in));
		in->announced = announced(rq);
		in->began_ms = clock_mono_ms();
	}
	in->parked = false;
	client_body(rq->client, true);
	switch (dispatch_begin(rq)) {
	case INTAKE_WAIT:
		in->parked = true;
		return MHD_YES;
	case INTAKE_TAKE:
		return MHD_YES;
	default:
		if (too_long_to_read(rq))
			return dispatch_request(rq);
		in->way = INTAKE_DISCARD;
		return MHD_YES;
	}
}

void intake_fail(struct intake *in, const struct err *e)
{
	/* What was wanted is read to its end, so that its sender learns why it failed. */
	in->most = in->way == INTAKE_UPLOAD ? INTAKE_FAILED_MAX_BYTES
					    : INTAKE_REFUSED_MAX_BYTES;
	in->failed = true;
	in->err = *e;
	in->way = INTAKE_DISCARD;
}

static void take(struct intake *in, const char *p, size_t n)
{
	struct err e;

	if (in->way == INTAKE_KEEP && buf_add(&in->body, p, n) != 0) {
		err_set(&e, ERR_LIMIT, "the body is larger than %zu bytes",
			in->body.limit);
		buf_done(&in->body);
		intake_fail(in, &e);
	} else if (in->way == INTAKE_UPLOAD && upload_add(in->upload, p, n, &e) != 0) {
		intake_fail(in, &e);
	}
}

/* Is what comes not too much, and not too slow? */
static bool goes_on(const struct intake *in)
{
	int64_t took_ms = clock_mono_ms() - in->began_ms;

	if (in->way == INTAKE_DISCARD && !in->failed)
		return in->got <= INTAKE_REFUSED_MAX_BYTES &&
		       took_ms <= INTAKE_REFUSED_GRACE_MS;
	if (in->way == INTAKE_DISCARD && in->got > in->most)
		return false;
	return took_ms <=
	       INTAKE_GRACE_MS + (int64_t)(in->got * 1000 / INTAKE_MIN_BYTES_PER_S);
}

enum MHD_Result intake_data(struct request *rq, const char *p, size_t *n)
{
	struct intake *in = rq->intake;

	if (in->way == INTAKE_UNDECIDED) {
		switch (dispatch_begin(rq)) {
		case INTAKE_TAKE:
			break;
		case INTAKE_WAIT:
			return MHD_YES;
		default:
			in->way = INTAKE_DISCARD;
		}
	}
	client_body(rq->client, true);
	take(in, p, *n);
	in->got += *n;
	*n = 0;
	return goes_on(in) ? MHD_YES : MHD_NO;
}

void intake_free(struct intake *in)
{
	if (in == NULL)
		return;
	buf_done(&in->body);
	upload_close(in->upload);
	free(in);
}
