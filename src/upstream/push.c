/*
 * push.c - one request after the other, each through exchange.h; what registries say to
 * them, in words.
 */
#include "upstream/push.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "upstream/exchange.h"
#include "upstream/manifests.h"
#include "upstream/refusal.h"

#define PATH_MAX_BYTES (2 * NAME_MAX_BYTES + DIGEST_TEXT_MAX + 64)
/* A registry in front of an object store moves what it has got before it answers. */
#define ANSWER_MS 60000
#define COMMIT_BYTES_PER_MS (10u << 10) /* slow, for an object store */
#define COMMIT_MOST_MS 840000

int push_head_manifest(struct upstream *u, const struct reponame *name,
		       const struct reference *ref, int64_t deadline_ms,
		       struct upstream_manifest *out, struct err *e)
{
	return manifests_head(u, name, ref, NULL, true, deadline_ms, out, e);
}

static bool is_success(const struct chase *c)
{
	return c->answer.status >= 200 && c->answer.status < 300;
}

/* registry:2 has one text for everything; larder and others say what the matter is. */
static int not_allowed(const char *said, struct err *e)
{
	bool plain = said[0] == '\0' || strcasestr(said, "is unsupported") != NULL;

	return err_set(e, ERR_INVALID, "takes no pushes (405)%s%s", said,
		       plain ? ". It is a pull-through cache, or read only: what it is "
			       "asked for it gets by itself; push to another registry"
			     : "");
}

/* A registry's 400: about the bytes, or about what was asked. */
static int bad_request(const char *code, const char *said, struct err *e)
{
	if (strcmp(code, "DIGEST_INVALID") == 0)
		return err_set(
			e, ERR_CORRUPT,
			"the registry computed another digest of the bytes (400)%s",
			said);
	if (strcmp(code, "BLOB_UPLOAD_INVALID") == 0 || strcmp(code, "SIZE_INVALID") == 0)
		return err_set(e, ERR_UPSTREAM, "upload refused (400)%s", said);
	return err_set(e, ERR_INVALID, "refused (400)%s", said);
}

/* What an answer to a push means that is no success. */
static int refused(const struct chase *c, struct err *e)
{
	char said[REFUSAL_SAID_MAX], code[REFUSAL_CODE_MAX];

	if (c->way.foreign)
		return refusal_plain(c, e);
	refusal_says(c, said, code);
	switch (c->answer.status) {
	case 400:
		return bad_request(code, said, e);
	case 401:
	case 403:
		return err_set(
			e, ERR_DENIED,
			"push refused (%d): the credentials may not push there, or "
			"there are none%s",
			c->answer.status, said);
	case 404:
		/* A session that the registry has lost, as after a restart. */
		if (strcmp(code, "BLOB_UPLOAD_UNKNOWN") == 0)
			return err_set(e, ERR_UPSTREAM, "lost the upload (404)%s", said);
		return err_set(e, ERR_NOT_FOUND,
			       "refused (404)%s; some registries want a repository to be "
			       "made before the first push",
			       said);
	case 405:
		return not_allowed(said, e);
	case 413:
		return err_set(e, ERR_INVALID,
			       "too large for the registry, or for a proxy before it "
			       "(413)%s",
			       said);
	default:
		return refusal_plain(c, e);
	}
}

/* 0, with *has; refusals that say nothing count as "no". */
static int judge_head(const struct chase *c, bool *has, struct err *e)
{
	int status = c->answer.status;

	if (is_success(c)) {
		*has = true;
		return 0;
	}
	if (status == 429 || (status > 500 && status != 501))
		return refusal_plain(c, e);
	/* The registry sends to where it has it; that place may mind a HEAD. */
	*has = c->way.foreign && status != 404;
	return 0;
}

int push_has_blob(struct upstream *u, const struct reponame *name, const struct digest *d,
		  int64_t deadline_ms, bool *has, struct err *e)
{
	struct chase c = { .kind = "blob_head",
			   .method = "HEAD",
			   .push = true,
			   .deadline_ms = deadline_ms };
	char path[PATH_MAX_BYTES], text[DIGEST_TEXT_MAX];
	int rc;

	digest_text(d, text);
	snprintf(path, sizeof(path), "/v2/%s/blobs/%s", name->s, text);
	rc = exchange_run(u, &c, name, path, e);
	if (rc == 0)
		rc = judge_head(&c, has, e);
	chase_done(&c);
	if (rc != 0)
		err_add(e, "%s: HEAD blob %.24s of %s", u->host, text, name->s);
	return rc;
}

/* --- a blob --- */

struct upload {
	struct upstream *u;
	const struct push_blob *b;
	char digest[DIGEST_TEXT_MAX];
	uint64_t at;	/* the next byte to read */
	struct buf url; /* of the session's PUT */
};

static int on_read(void *arg, char *p, size_t room, size_t *n, struct err *e)
{
	struct upload *w = arg;
	uint64_t left = w->b->size - w->at;
	size_t want = left < room ? (size_t)left : room;
	ssize_t got = 0;

	if (want > 0) {
		do
			got = pread(w->b->fd, p, want, (off_t)w->at);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			return err_errno(e, "reading the blob %.24s", w->digest);
		if (got == 0)
			return err_set(e, ERR_CORRUPT,
				       "the blob %.24s has only %" PRIu64 " of %" PRIu64
				       " bytes",
				       w->digest, w->at, w->b->size);
	}
	w->at += (uint64_t)got;
	if (w->b->sent != NULL)
		atomic_fetch_add(w->b->sent, (uint64_t)got);
	*n = (size_t)got;
	return 0;
}

static int on_rewind(void *arg, struct err *e)
{
	((struct upload *)arg)->at = 0;
	return 0;
}

/* http of the same host, where https was asked: a registry that does not know of the TLS
 * before it. Answers in https's place. */
static int as_https(struct buf *url, const struct url *origin, struct err *e)
{
	struct buf fixed = BUF_INIT(URL_MAX_BYTES);
	const char *rest = buf_str(url) + strlen("http://");

	rest += strcspn(rest, "/?#");
	if (buf_addf(&fixed, "https://%s:%d%s", origin->host, origin->port, rest) != 0) {
		buf_done(&fixed);
		return err_set(e, ERR_UPSTREAM, "the Location of the upload is too long");
	}
	buf_done(url);
	*url = fixed;
	return 0;
}

/* The digest goes last in the query, as it is: a colon needs no escape there, but some
 * clients escape it and so registries take both. */
static int add_digest(struct buf *url, const struct digest *d, struct err *e)
{
	char text[DIGEST_TEXT_MAX];
	bool query = memchr(buf_str(url), '?', url->n) != NULL;

	digest_text(d, text);
	if (url->n + strlen(text) + 8 > URL_MAX_BYTES ||
	    buf_addf(url, "%sdigest=%s", query ? "&" : "?", text) != 0)
		return err_set(e, ERR_UPSTREAM, "the Location of the upload is too long");
	return 0;
}

static int resolve(const char *from, struct view location, const struct digest *d,
		   struct buf *url, struct err *e)
{
	struct url origin, to;

	if (location.n == 0)
		return err_set(e, ERR_UPSTREAM, "no Location for the upload");
	if (url_parse(from, &origin, e) != 0)
		return -1;
	if (url_resolve(from, location, url, NULL) != 0 ||
	    url_parse(buf_str(url), &to, NULL) != 0)
		return err_set(e, ERR_INVALID,
			       "the Location of the upload is no usable "
			       "http or https URL");
	if (strcmp(origin.host, to.host) == 0 && origin.https && !to.https)
		return as_https(url, &origin, e) != 0 ? -1 : add_digest(url, d, e);
	if (!url_same_origin(&origin, &to))
		return err_set(
			e, ERR_INVALID,
			"wants the upload at another place (http%s://%.200s:%d); is "
			"its own address, or its `host` setting, right?",
			to.https ? "s" : "", to.host, to.port);
	return add_digest(url, d, e);
}

int push_location(const char *from, struct view location, const struct digest *d,
		  struct buf *out, struct err *e)
{
	struct buf url = BUF_INIT(URL_MAX_BYTES);

	if (resolve(from, location, d, &url, e) != 0) {
		buf_done(&url);
		return -1;
	}
	buf_clear(out);
	if (buf_adds(out, buf_str(&url)) != 0) {
		buf_done(&url);
		return err_set(e, ERR_LIMIT, "URL of more than %zu bytes", out->limit);
	}
	buf_done(&url);
	return 0;
}

/* POST. 1: a session began, w->url is where its bytes go. 0: mounted. */
static int begin(struct upload *w, const struct reponame *from, struct err *e)
{
	struct chase c = { .kind = "blob_post",
			   .method = "POST",
			   .push = true,
			   .stay = true,
			   .from = from != NULL ? from->s : NULL,
			   .answer_ms = ANSWER_MS };
	char path[PATH_MAX_BYTES];
	int n, rc;

	n = snprintf(path, sizeof(path), "/v2/%s/blobs/uploads/", w->b->name->s);
	if (from != NULL)
		snprintf(path + n, sizeof(path) - (size_t)n, "?mount=%s&from=%s",
			 w->digest, from->s);
	rc = exchange_run(w->u, &c, w->b->name, path, e);
	if (rc == 0 && !is_success(&c))
		rc = refused(&c, e);
	else if (rc == 0 && !(from != NULL && c.answer.status == 201))
		rc = push_location(buf_str(&c.way.url),
				   transport_header(&c.answer, "Location", 0),
				   w->b->digest, &w->url, e) != 0
			     ? -1
			     : 1;
	chase_done(&c);
	return rc;
}

/* Does the answer call it what we call it? Many do not say. */
static int check_name(const struct chase *c, const struct digest *d, struct err *e)
{
	struct view said = transport_header(&c->answer, "Docker-Content-Digest", 0);
	char want[DIGEST_TEXT_MAX];
	struct digest got;

	if (said.n == 0)
		return 0;
	digest_text(d, want);
	if (digest_parse(said, &got, NULL) == 0 &&
	    (got.alg != d->alg || digest_equal(&got, d)))
		return 0;
	return err_set(e, ERR_CORRUPT, "took it, but calls it %.*s and not %.80s",
		       (int)(said.n < 80 ? said.n : 80), said.p, want);
}

static int commit_ms(uint64_t size)
{
	uint64_t ms = size / COMMIT_BYTES_PER_MS;

	return ANSWER_MS + (int)(ms < COMMIT_MOST_MS ? ms : COMMIT_MOST_MS);
}

static int send(struct upload *w, struct err *e)
{
	struct transport_body body = { (int64_t)w->b->size, on_read, on_rewind, w };
	struct chase c = { .kind = "blob_put",
			   .method = "PUT",
			   .header = { "Content-Type: application/octet-stream" },
			   .push = true,
			   .stay = true,
			   .body = &body,
			   .answer_ms = commit_ms(w->b->size) };
	int rc;

	rc = exchange_run(w->u, &c, w->b->name, buf_str(&w->url), e);
	if (rc == 0)
		rc = is_success(&c) ? check_name(&c, w->b->digest, e) : refused(&c, e);
	chase_done(&c);
	return rc;
}

/* A refusal to mount is none to send: a token service may give no access to both. */
static int begin_somehow(struct upload *w, struct err *e)
{
	int rc = begin(w, w->b->from, e);

	if (rc < 0 && w->b->from != NULL &&
	    (e->kind == ERR_DENIED || e->kind == ERR_INVALID || e->kind == ERR_NOT_FOUND))
		rc = begin(w, NULL, e);
	return rc;
}

int push_blob(struct upstream *u, const struct push_blob *b, bool *mounted, struct err *e)
{
	struct upload w = { .u = u, .b = b, .url = BUF_INIT(URL_MAX_BYTES) };
	struct err mine;
	int rc;

	e = e != NULL ? e : &mine;
	digest_text(b->digest, w.digest);
	rc = begin_somehow(&w, e);
	if (rc >= 0 && mounted != NULL)
		*mounted = rc == 0;
	if (rc > 0)
		rc = send(&w, e);
	buf_done(&w.url);
	if (rc != 0)
		err_add(e, "%s: push of blob %.24s to %s", u->host, w.digest, b->name->s);
	return rc;
}

/* --- a manifest --- */

struct bytes {
	struct view all;
	size_t at;
};

static int on_read_bytes(void *arg, char *p, size_t room, size_t *n, struct err *e)
{
	struct bytes *b = arg;
	size_t left = b->all.n - b->at;

	*n = left < room ? left : room;
	memcpy(p, b->all.p + b->at, *n);
	b->at += *n;
	return 0;
}

static int on_rewind_bytes(void *arg, struct err *e)
{
	((struct bytes *)arg)->at = 0;
	return 0;
}

int push_manifest(struct upstream *u, const struct push_manifest *m, int64_t deadline_ms,
		  struct err *e)
{
	struct bytes bytes = { m->body, 0 };
	struct transport_body body = { (int64_t)m->body.n, on_read_bytes, on_rewind_bytes,
				       &bytes };
	char path[PATH_MAX_BYTES], ref[DIGEST_TEXT_MAX];
	CLEANUP(mem_freep)
	char *type = mem_fmt("Content-Type: %s", m->media_type);
	struct chase c = { .kind = "manifest_put",
			   .method = "PUT",
			   .header = { type },
			   .push = true,
			   .stay = true,
			   .body = &body,
			   .deadline_ms = deadline_ms,
			   .answer_ms = ANSWER_MS };
	int rc;

	reference_text(m->ref, ref);
	snprintf(path, sizeof(path), "/v2/%s/manifests/%s", m->name->s, ref);
	rc = exchange_run(u, &c, m->name, path, e);
	if (rc == 0)
		rc = is_success(&c) ? check_name(&c, m->digest, e) : refused(&c, e);
	chase_done(&c);
	if (rc != 0)
		err_add(e, "%s: PUT manifest of %s%s%s", u->host, m->name->s,
			m->ref->is_digest ? "@" : ":", ref);
	return rc;
}
