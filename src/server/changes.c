/*
 * changes.c - PUT and DELETE /v2/<name>/manifests/<reference>, DELETE
 * /v2/<name>/blobs/<digest> (OCI distribution-spec "Pushing manifests", "Content
 * management").
 *
 * All of it is work for another thread: it reads, hashes, and waits for the disk.
 */
#include "server/changes.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "server/reply.h"
#include "server/server_impl.h"
#include "server/work.h"
#include "store/history.h"
#include "store/link.h"
#include "store/publish.h"

#define MAX_TAGS 128 /* of ?tag= */

struct job {
	struct server *server;
	struct reponame name;
	struct reference ref;
	bool blob;

	/* of a PUT */
	struct buf body;
	char type[MEDIATYPE_MAX]; /* Content-Type without parameters; "": none */
	char *tags[MAX_TAGS + 1];
	bool too_many;
	size_t ntags, nasked; /* nasked: of ?tag=; with the one of the path it is ntags */

	/* what became of it */
	enum ocierr_code unknown, invalid; /* what ERR_NOT_FOUND and ERR_INVALID mean */
	struct digest digest;
	bool has_subject;
	struct digest subject;
};

static void job_free(void *arg)
{
	struct job *j = arg;
	size_t i;

	for (i = 0; i < j->ntags; i++)
		free(j->tags[i]);
	buf_done(&j->body);
	free(j);
}

static struct job *job_new(struct request *rq)
{
	struct job *j = mem_alloc(sizeof(*j));

	j->server = rq->server;
	j->name = rq->route.name;
	j->ref = rq->ref;
	j->unknown = OCIERR_MANIFEST_UNKNOWN;
	j->invalid = OCIERR_MANIFEST_INVALID;
	buf_init(&j->body, MANIFEST_MAX_BYTES);
	return j;
}

/* --- putting --- */

enum intake_verdict changes_begin(struct request *rq)
{
	struct intake *in = rq->intake;
	struct err e;

	if (in->announced != UINT64_MAX && in->announced > MANIFEST_MAX_BYTES) {
		err_set(&e, ERR_LIMIT, "a manifest may have %u bytes",
			MANIFEST_MAX_BYTES);
		intake_fail(in, &e);
		return INTAKE_REFUSE;
	}
	in->way = INTAKE_KEEP;
	buf_init(&in->body, MANIFEST_MAX_BYTES);
	return INTAKE_TAKE;
}

static int check_type(const struct job *j, const struct manifest *m, struct err *e)
{
	if (m->kind == MANIFEST_OLD)
		return err_set(e, ERR_INVALID,
			       "manifests of schema 1 are not taken; push it with a "
			       "client of this decade");
	if (m->kind == MANIFEST_IMAGE && !m->has_config)
		return err_set(e, ERR_INVALID, "the manifest has no config");
	if (j->type[0] != '\0' && strcmp(j->type, m->media_type) != 0)
		return err_set(e, ERR_INVALID,
			       "Content-Type is %.100s, but the manifest is a %.100s",
			       j->type, m->media_type);
	return 0;
}

static int check_digest(struct job *j, struct err *e)
{
	char have[DIGEST_TEXT_MAX], want[DIGEST_TEXT_MAX];

	digest_of(j->ref.is_digest ? j->ref.digest.alg : HASH_SHA256, j->body.p,
		  j->body.n, &j->digest);
	if (!j->ref.is_digest || digest_equal(&j->digest, &j->ref.digest))
		return 0;
	j->invalid = OCIERR_DIGEST_INVALID;
	digest_text(&j->digest, have);
	digest_text(&j->ref.digest, want);
	return err_set(e, ERR_INVALID, "the manifest sent has the digest %s, not %s",
		       have, want);
}

static int put_parsed(struct job *j, const struct manifest *m, struct err *e)
{
	struct server *s = j->server;
	struct stored *stored;
	int rc;

	if (check_type(j, m, e) != 0)
		return -1;
	if (publish_check(s->store, &j->name, m, s->conf.sparse_indexes, e) != 0) {
		j->unknown = OCIERR_MANIFEST_BLOB_UNKNOWN;
		return -1;
	}
	j->has_subject = m->has_subject;
	j->subject = m->subject;
	stored = stored_new(&j->digest, m->media_type, buf_view(&j->body));
	rc = publish_put(s->publishing, &j->name, stored, m, (const char *const *)j->tags,
			 j->ntags, HISTORY_PUSH, e);
	stored_unref(stored);
	return rc;
}

static int run_put(void *arg, struct err *e)
{
	struct job *j = arg;
	struct manifest m;
	int rc = -1;

	if (check_digest(j, e) == 0 && manifest_parse(buf_view(&j->body), &m, e) == 0) {
		rc = put_parsed(j, &m, e);
		manifest_done(&m);
	}
	buf_done(&j->body); /* the job lives on for a while */
	return rc;
}

static enum MHD_Result add_tag(void *cls, enum MHD_ValueKind kind, const char *key,
			       const char *value)
{
	struct job *j = cls;

	if (strcmp(key, "tag") != 0)
		return MHD_YES;
	j->too_many = j->nasked == MAX_TAGS;
	if (j->too_many)
		return MHD_NO;
	j->nasked++;
	j->tags[j->ntags++] = mem_dup(value != NULL ? value : "");
	return MHD_YES;
}

static int read_tags(struct request *rq, struct job *j, struct err *e)
{
	struct reference ref;
	size_t i;

	MHD_get_connection_values(rq->conn, MHD_GET_ARGUMENT_KIND, add_tag, j);
	if (j->too_many)
		return err_set(e, ERR_INVALID, "at most %d tags are set at once",
			       MAX_TAGS);
	for (i = 0; i < j->ntags; i++)
		if (reference_parse(view_of(j->tags[i]), &ref, e) != 0 || ref.is_digest)
			return err_set(e, ERR_INVALID, "?tag=%.140s is not a valid tag",
				       j->tags[i]);
	if (!rq->ref.is_digest)
		j->tags[j->ntags++] = mem_dup(rq->ref.tag);
	return 0;
}

static void read_type(struct request *rq, char out[MEDIATYPE_MAX])
{
	struct view v = request_header(rq, "Content-Type");
	const char *semicolon = v.n > 0 ? memchr(v.p, ';', v.n) : NULL;

	if (semicolon != NULL)
		v.n = (size_t)(semicolon - v.p);
	v = view_trim(v);
	if (v.n >= MEDIATYPE_MAX)
		v.n = MEDIATYPE_MAX - 1; /* too long for any: it will not be equal */
	memcpy(out, v.n > 0 ? v.p : "", v.n);
	out[v.n] = '\0';
}

static enum MHD_Result start_put(struct request *rq)
{
	struct intake *in = rq->intake;
	struct job *j;
	struct err e;

	if (in != NULL && in->failed)
		return reply_push_err(rq, &in->err, OCIERR_MANIFEST_UNKNOWN,
				      OCIERR_MANIFEST_INVALID);
	j = job_new(rq);
	if (read_tags(rq, j, &e) != 0) {
		job_free(j);
		return reply_oci_error(rq, MHD_HTTP_BAD_REQUEST, OCIERR_TAG_INVALID,
				       e.msg);
	}
	read_type(rq, j->type);
	if (in != NULL) {
		j->body = in->body;
		buf_init(&in->body, 0);
	}
	return work_start(rq, run_put, j, job_free);
}

static enum MHD_Result put_done(struct request *rq, const struct job *j)
{
	char digest[DIGEST_TEXT_MAX], subject[DIGEST_TEXT_MAX], ref[DIGEST_TEXT_MAX];
	struct MHD_Response *r =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	size_t i;

	if (r == NULL)
		return MHD_NO;
	digest_text(&j->digest, digest);
	reference_text(&rq->ref, ref);
	reply_headerf(r, "Location", "/v2/%s/manifests/%s", rq->name.s, ref);
	reply_header(r, "Docker-Content-Digest", digest);
	if (j->has_subject) {
		digest_text(&j->subject, subject);
		reply_header(r, "OCI-Subject", subject);
	}
	for (i = 0; i < j->nasked; i++)
		reply_header(r, "OCI-Tag", j->tags[i]);
	return reply_send(rq, MHD_HTTP_CREATED, r);
}

/* --- deleting --- */

static int run_delete(void *arg, struct err *e)
{
	struct job *j = arg;

	if (j->blob)
		return link_remove(j->server->store, LINK_LAYER, &j->name, &j->ref.digest,
				   e);
	if (j->ref.is_digest)
		return publish_remove(j->server->publishing, &j->name, &j->ref.digest,
				      HISTORY_DELETE, e);
	return publish_untag(j->server->publishing, &j->name, j->ref.tag, HISTORY_DELETE,
			     e);
}

static enum MHD_Result deleted(struct request *rq)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);

	return r != NULL ? reply_send(rq, MHD_HTTP_ACCEPTED, r) : MHD_NO;
}

/* --- handlers --- */

/* Work that has ended, or WORK_NONE. */
static enum work_state look(struct request *rq, enum MHD_Result *answer)
{
	struct err e;
	enum work_state state = work_look(rq, &e);
	struct job *j;

	*answer = MHD_YES;
	if (state == WORK_NONE || state == WORK_PARKED)
		return state;
	j = work_arg(rq);
	if (state == WORK_FAILED)
		*answer = reply_push_err(rq, &e, j->unknown, j->invalid);
	else if (rq->method == METHOD_PUT)
		*answer = put_done(rq, j);
	else
		*answer = deleted(rq);
	return state;
}

enum MHD_Result changes_manifest(struct request *rq)
{
	enum MHD_Result answer;

	if (look(rq, &answer) != WORK_NONE)
		return answer;
	if (rq->method == METHOD_PUT)
		return start_put(rq);
	return work_start(rq, run_delete, job_new(rq), job_free);
}

enum MHD_Result changes_blob(struct request *rq)
{
	enum MHD_Result answer;
	struct job *j;

	if (look(rq, &answer) != WORK_NONE)
		return answer;
	j = job_new(rq);
	j->blob = true;
	j->unknown = OCIERR_BLOB_UNKNOWN;
	return work_start(rq, run_delete, j, job_free);
}
