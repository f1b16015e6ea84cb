/*
 * intake.h - the body of a request: kept in memory, given to an upload, or read and
 * thrown away, so that the client gets to read why.
 *
 * libmicrohttpd lets a request be answered before its body or after it, not in between.
 * An answer before it closes the connection, and a client that is still sending may never
 * see it: so what is refused is read to its end where that is not too long.
 */
#ifndef LARDER_SERVER_INTAKE_H
#define LARDER_SERVER_INTAKE_H

#include <microhttpd.h>

#include "base/buf.h"
#include "base/err.h"
#include "server/request.h"

/* Of what nobody wants, read all the same; and of what was wanted until the disk failed.
 */
#define INTAKE_REFUSED_MAX_BYTES (64u << 20)
#define INTAKE_FAILED_MAX_BYTES (4ull << 30)

/* A body that comes more slowly than this, after some grace, is not waited for; one that
 * nobody wants has the grace only. (Silence is ended by libmicrohttpd's time-out.) */
#define INTAKE_MIN_BYTES_PER_S 1024
#define INTAKE_GRACE_MS 30000
#define INTAKE_REFUSED_GRACE_MS 5000

enum intake_way {
	INTAKE_UNDECIDED,
	INTAKE_DISCARD, /* refused: at its end the request is answered as if it had none
			 */
	INTAKE_KEEP,	/* into `body` */
	INTAKE_UPLOAD,	/* into `upload` */
};

struct upload;

struct intake {
	enum intake_way way;
	bool parked;	    /* at the header, which is handed out again then */
	uint64_t announced; /* UINT64_MAX: its length is not said */
	uint64_t got;
	int64_t began_ms; /* monotonic */
	struct buf body;
	struct upload *upload; /* held; closed with the request, unless taken */
	bool failed;	       /* *err: what could not be kept; nothing more is */
	uint64_t most;	       /* bytes that are read of what is discarded */
	struct err err;
};

/* What the handler says to the header of a request with a body (dispatch_begin). */
enum intake_verdict {
	INTAKE_TAKE,   /* rq->intake->way has been set */
	INTAKE_REFUSE, /* it would be refused whatever came */
	INTAKE_WAIT,   /* parked; ask again */
};

/* May a request like this one have a body? */
bool intake_wanted(const struct request *rq);
/* The header has been read; the body follows. Once more where it was parked. */
enum MHD_Result intake_header(struct request *rq);
/* Some of it is there: *n is made what is left of it. */
enum MHD_Result intake_data(struct request *rq, const char *p, size_t *n);
/* What comes cannot be kept: it is read no further than its limit, and *e is the answer.
 */
void intake_fail(struct intake *in, const struct err *e);
void intake_free(struct intake *in); /* NULL is fine */

#endif
