/*
 * uploads.c - /v2/<name>/blobs/uploads/... (OCI distribution-spec "Pushing blobs",
 * "Mounting a blob from another repository"): sessions, chunks, the end.
 *
 * Bytes go into the session's file as they come, on the thread that reads them; what has
 * to be on disk before the answer (commit, mount) is work for another thread.
 */
#include "server/uploads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/mount.h"
#include "server/reply.h"
#include "server/server_impl.h"
#include "server/work.h"
#include "store/keep.h"
#include "store/link.h"
#include "store/room.h"
#include "store/upload.h"

/* Why a session cannot go on, as an answer. */
struct refusal {
	unsigned status; /* 416: `size` is told; else by the error's kind */
	enum ocierr_code invalid;
	uint64_t size;
	struct err e;
};

/* What is done on another thread. */
struct job {
	struct store *store;
	struct upload *upload; /* NULL: a mount */
	bool unnamed;	       /* nobody was told its id: it does not outlive a failure */
	struct reponame name;
	struct digest digest;
};

/* --- answers --- */

static enum MHD_Result empty(struct request *rq, unsigned status, struct view id,
			     uint64_t size)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);

	if (r == NULL)
		return MHD_NO;
	reply_headerf(r, "Location", "/v2/%s/blobs/uploads/%.*s", rq->name.s, (int)id.n,
		      id.p);
	reply_headerf(r, "Docker-Upload-UUID", "%.*s", (int)id.n, id.p);
	/* Without a byte too: "0-" would be refused by clients. */
	reply_headerf(r, "Range", "0-%llu",
		      (unsigned long long)(size > 0 ? size - 1 : 0));
	return reply_send(rq, status, r);
}

static enum MHD_Result is_there(struct request *rq, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];
	struct MHD_Response *r =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);

	if (r == NULL)
		return MHD_NO;
	digest_text(d, text);
	reply_headerf(r, "Location", "/v2/%s/blobs/%s", rq->name.s, text);
	reply_header(r, "Docker-Content-Digest", text);
	return reply_send(rq, MHD_HTTP_CREATED, r);
}

static enum MHD_Result refuse(struct request *rq, const struct refusal *no)
{
	char range[64], location[NAME_MAX_BYTES + 128];
	struct reply_extra extra[] = { { "Range", range }, { "Location", location } };

	if (no->status != MHD_HTTP_RANGE_NOT_SATISFIABLE)
		return reply_push_err(rq, &no->e, OCIERR_BLOB_UPLOAD_UNKNOWN,
				      no->invalid);
	snprintf(range, sizeof(range), "0-%llu",
		 (unsigned long long)(no->size > 0 ? no->size - 1 : 0));
	snprintf(location, sizeof(location), "/v2/%s/blobs/uploads/%.*s", rq->name.s,
		 (int)rq->ref_text.n, rq->ref_text.p);
	return reply_oci_error_extra(rq, no->status, OCIERR_BLOB_UPLOAD_INVALID,
				     no->e.msg, extra, ARRAY_LEN(extra));
}

/* --- taking a session --- */

static int digest_arg(struct request *rq, struct digest *out, struct refusal *no)
{
	const char *text = request_arg(rq, "digest");

	no->invalid = OCIERR_DIGEST_INVALID;
	if (text == NULL)
		return err_set(
			&no->e, ERR_INVALID,
			"the end of an upload needs ?digest=<digest of all bytes>");
	return digest_parse(view_of(text), out, &no->e);
}

static bool read_number(const char **p, uint64_t *out)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*out = strtoull(*p, &end, 10);
	*p = end;
	return errno == 0 && *out <= INT64_MAX;
}

/* "<first>-<last>", both inclusive. 0: there is none; 1: it is read. */
static int content_range(struct request *rq, uint64_t *first, uint64_t *last,
			 struct err *e)
{
	const char *text =
		MHD_lookup_connection_value(rq->conn, MHD_HEADER_KIND, "Content-Range");
	const char *p = text;

	if (text == NULL)
		return 0;
	if (!read_number(&p, first) || *p++ != '-' || !read_number(&p, last) ||
	    *p != '\0' || *last < *first)
		return err_set(e, ERR_INVALID,
			       "Content-Range '%.60s' is not <first>-<last>", text);
	return 1;
}

/* Does what comes now belong at the end of what has come? */
static int check_range(struct request *rq, const struct upload *u, struct refusal *no)
{
	uint64_t first, last, length = rq->intake ? rq->intake->announced : 0;
	int rc = content_range(rq, &first, &last, &no->e);

	no->invalid = OCIERR_BLOB_UPLOAD_INVALID;
	if (rc <= 0)
		return rc;
	if (first != upload_bytes(u)) {
		no->status = MHD_HTTP_RANGE_NOT_SATISFIABLE;
		no->size = upload_bytes(u);
		return err_set(&no->e, ERR_INVALID,
			       "the chunk begins at byte %llu, but the next one is %llu",
			       (unsigned long long)first, (unsigned long long)no->size);
	}
	no->invalid = OCIERR_SIZE_INVALID;
	if (length != UINT64_MAX && length != last - first + 1)
		return err_set(&no->e, ERR_INVALID,
			       "Content-Range says %llu bytes, the body has %llu",
			       (unsigned long long)(last - first + 1),
			       (unsigned long long)length);
	return 0;
}

/* The session that a PATCH or PUT goes on with, held. */
static int find(struct request *rq, struct upload **out, struct refusal *no)
{
	struct digest d;
	struct upload *u;

	*no = (struct refusal){ .invalid = OCIERR_BLOB_UPLOAD_INVALID };
	if (upload_open(rq->server->uploads, &rq->route.name, rq->ref_text, &u, &no->e) !=
	    0)
		return -1;
	if (check_range(rq, u, no) != 0 ||
	    (rq->method == METHOD_PUT && digest_arg(rq, &d, no) != 0)) {
		upload_close(u);
		return -1;
	}
	*out = u;
	return 0;
}

/* What to hash with while the bytes come: as announced, or as the digest says. */
static int algorithm(struct request *rq, enum hash_alg *alg, struct refusal *no)
{
	const char *word = request_arg(rq, "digest-algorithm");
	struct digest d;

	*alg = HASH_SHA256;
	if (request_arg(rq, "digest") != NULL) {
		if (digest_arg(rq, &d, no) != 0)
			return -1;
		*alg = d.alg;
	}
	if (word == NULL || strcmp(word, "sha256") == 0)
		return 0;
	if (strcmp(word, "sha512") != 0) {
		no->invalid = OCIERR_DIGEST_INVALID;
		return err_set(&no->e, ERR_INVALID,
			       "digest-algorithm %.40s is not known; sha256 and sha512 "
			       "are",
			       word);
	}
	*alg = HASH_SHA512;
	return 0;
}

static int begin(struct request *rq, struct upload **out, struct refusal *no)
{
	enum hash_alg alg;

	*no = (struct refusal){ .invalid = OCIERR_BLOB_UPLOAD_INVALID };
	if (algorithm(rq, &alg, no) != 0)
		return -1;
	return upload_begin(rq->server->uploads, &rq->route.name, alg, out, &no->e);
}

/* What is wrong with the request is found again at its end; what is wrong here is kept.
 */
static bool is_ours(const struct err *e)
{
	return e->kind == ERR_IO || e->kind == ERR_NO_SPACE || e->kind == ERR_DENIED ||
	       e->kind == ERR_LIMIT;
}

enum intake_verdict uploads_begin(struct request *rq)
{
	struct intake *in = rq->intake;
	struct refusal no = { 0 };
	int rc = -1;

	if (in->announced != UINT64_MAX && in->announced > UPLOAD_MAX_BYTES)
		err_set(&no.e, ERR_LIMIT, "a blob may have %llu bytes at the most",
			(unsigned long long)UPLOAD_MAX_BYTES);
	else if (rq->method != METHOD_POST)
		rc = find(rq, &in->upload, &no);
	else if (request_arg(rq, "digest") != NULL)
		rc = begin(rq, &in->upload, &no);
	if (rc == 0) {
		if (in->announced != UINT64_MAX)
			room_expect(rq->server->store, in->announced);
		in->unnamed = rq->method == METHOD_POST;
		in->way = INTAKE_UPLOAD;
		return INTAKE_TAKE;
	}
	if (is_ours(&no.e))
		intake_fail(in, &no.e);
	return INTAKE_REFUSE;
}

/* --- the end of a request --- */

/* A body of unknown length that was not what its Content-Range had said is taken back. */
static int check_length(struct request *rq, struct upload *u, struct refusal *no)
{
	uint64_t first, last, size = upload_bytes(u);

	if (content_range(rq, &first, &last, &no->e) != 1 || last + 1 == size)
		return 0;
	upload_cut(u, first);
	no->invalid = OCIERR_SIZE_INVALID;
	return err_set(&no->e, ERR_INVALID, "%llu bytes came, and not %llu-%llu",
		       (unsigned long long)(size - first), (unsigned long long)first,
		       (unsigned long long)last);
}

/* The session with this request's bytes in it, or why there is none. */
static int taken(struct request *rq, struct upload **out, struct refusal *no)
{
	struct intake *in = rq->intake;

	*no = (struct refusal){ .invalid = OCIERR_BLOB_UPLOAD_INVALID };
	if (in != NULL && in->failed) {
		no->e = in->err;
		return -1;
	}
	if (in != NULL && in->upload != NULL) {
		if (rq->method != METHOD_POST && check_length(rq, in->upload, no) != 0)
			return -1;
		*out = TAKE(in->upload);
		return 0;
	}
	if (rq->method == METHOD_POST ? begin(rq, out, no) != 0 : find(rq, out, no) != 0)
		return -1;
	if (in == NULL)
		return 0;
	/* What stood in its way has gone since, but so have the bytes. */
	upload_close(*out);
	return err_set(
		&no->e, ERR_INVALID,
		rq->method == METHOD_POST
			? "a body is taken with ?digest= only"
			: "the session was in use when the body came; send it again");
}

static int run_job(void *arg, struct err *e)
{
	struct job *j = arg;
	int rc;

	if (j->upload == NULL) {
		if (link_add(j->store, LINK_LAYER, &j->name, &j->digest, true, e) != 0)
			return -1;
		/* Named now, it stays; unless it went while the disk took its time. */
		return keep_link(j->store, &j->name, &j->digest)
			       ? 0
			       : err_set(e, ERR_IO,
					 "the blob has just been removed; "
					 "push it");
	}
	rc = upload_commit(j->upload, &j->digest, e);
	if (rc != 0 && j->unnamed)
		upload_cancel(j->upload);
	upload_close(TAKE(j->upload));
	return rc;
}

static void job_free(void *arg)
{
	struct job *j = arg;

	upload_close(j->upload);
	free(j);
}

static enum MHD_Result start_job(struct request *rq, struct upload *u,
				 const struct digest *d)
{
	struct job *j = mem_alloc(sizeof(*j));

	*j = (struct job){ rq->server->store, u, rq->method == METHOD_POST,
			   rq->route.name, *d };
	return work_start(rq, run_job, j, job_free);
}

static enum MHD_Result commit(struct request *rq)
{
	struct upload *u;
	struct refusal no;
	struct digest d;

	if (taken(rq, &u, &no) != 0)
		return refuse(rq, &no);
	if (digest_arg(rq, &d, &no) == 0)
		return start_job(rq, u, &d);
	upload_close(u);
	return refuse(rq, &no);
}

static enum MHD_Result patch(struct request *rq)
{
	struct refusal no;
	struct upload *u;
	uint64_t size;

	if (taken(rq, &u, &no) != 0)
		return refuse(rq, &no);
	size = upload_bytes(u);
	upload_close(u);
	return empty(rq, MHD_HTTP_ACCEPTED, rq->ref_text, size);
}

static enum MHD_Result open_session(struct request *rq)
{
	enum MHD_Result rc;
	struct refusal no;
	struct upload *u;

	if (taken(rq, &u, &no) != 0)
		return refuse(rq, &no);
	rc = empty(rq, MHD_HTTP_ACCEPTED, view_of(upload_id(u)), 0);
	upload_close(u);
	return rc;
}

/* --- mounting --- */

/* What cannot be mounted is pushed: no error, but a session. */
static enum MHD_Result mount(struct request *rq, const char *text)
{
	const char *from = request_arg(rq, "from");
	struct digest d;
	struct err e;

	if (digest_parse(view_of(text), &d, &e) != 0)
		return reply_oci_error(rq, MHD_HTTP_BAD_REQUEST, OCIERR_DIGEST_INVALID,
				       e.msg);
	if (from != NULL ? mount_from(rq, from, &d) : mount_from_any(rq, &d))
		return start_job(rq, NULL, &d);
	return open_session(rq);
}

/* --- methods --- */

static enum MHD_Result after_job(struct request *rq, enum work_state state,
				 const struct err *e)
{
	struct job *j = work_arg(rq);

	if (state == WORK_DONE)
		return is_there(rq, &j->digest);
	return reply_push_err(rq, e, OCIERR_BLOB_UPLOAD_UNKNOWN, OCIERR_DIGEST_INVALID);
}

static enum MHD_Result look(struct request *rq)
{
	struct refusal no = { .invalid = OCIERR_BLOB_UPLOAD_INVALID };
	uint64_t size;

	if (upload_look(rq->server->uploads, &rq->route.name, rq->ref_text, &size,
			&no.e) != 0)
		return refuse(rq, &no);
	return empty(rq, MHD_HTTP_NO_CONTENT, rq->ref_text, size);
}

static enum MHD_Result cancel(struct request *rq)
{
	struct refusal no = { .invalid = OCIERR_BLOB_UPLOAD_INVALID };
	struct MHD_Response *r;
	struct upload *u;

	if (upload_open(rq->server->uploads, &rq->route.name, rq->ref_text, &u, &no.e) !=
	    0)
		return refuse(rq, &no);
	upload_cancel(u);
	upload_close(u);
	r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	return r != NULL ? reply_send(rq, MHD_HTTP_NO_CONTENT, r) : MHD_NO;
}

static enum MHD_Result post(struct request *rq)
{
	const char *digest = request_arg(rq, "mount");

	if (digest != NULL && rq->intake == NULL)
		return mount(rq, digest);
	return request_arg(rq, "digest") != NULL ? commit(rq) : open_session(rq);
}

enum MHD_Result uploads_handle(struct request *rq)
{
	bool session = rq->ref_text.n > 0;
	struct err e;
	enum work_state state = work_look(rq, &e);

	if (state == WORK_PARKED)
		return MHD_YES;
	if (state != WORK_NONE)
		return after_job(rq, state, &e);
	switch (rq->method) {
	case METHOD_POST:
		if (!session)
			return post(rq);
		break;
	case METHOD_PATCH:
		if (session)
			return patch(rq);
		break;
	case METHOD_PUT:
		if (session)
			return commit(rq);
		break;
	case METHOD_GET:
	case METHOD_HEAD:
		if (session)
			return look(rq);
		break;
	case METHOD_DELETE:
		if (session)
			return cancel(rq);
		break;
	default:
		break;
	}
	return reply_not_allowed(rq, session ? "GET, HEAD, PATCH, PUT, DELETE" : "POST",
				 session ? "an upload is sent by PATCH and PUT"
					 : "an upload is begun by POST");
}
