/*
 * manifests.c - HEAD and GET of manifests: what the headers say, and what the bytes
 * prove.
 */
#include "upstream/manifests.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "upstream/exchange.h"
#include "upstream/refusal.h"
#include "upstream/remote.h"
#include "upstream/toomany.h"

#define ACCEPT_MAX_BYTES 1024

/* One request for a manifest, as both operations make it. */
struct ask {
	struct chase c;
	const struct reponame *name;
	const struct reference *ref;
	struct buf *body; /* NULL: HEAD */
	char accept[ACCEPT_MAX_BYTES];
	char ref_text[DIGEST_TEXT_MAX];
	char path[NAME_MAX_BYTES + DIGEST_TEXT_MAX + 32];
};

static int on_head(void *arg, struct transport_answer *a, struct err *e)
{
	struct ask *m = arg;
	int64_t n = transport_length(a);

	if (n > 0 && (uint64_t)n > m->body->limit)
		return err_set(e, ERR_LIMIT, "a manifest of %lld bytes, more than %zu",
			       (long long)n, m->body->limit);
	return 0;
}

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct ask *m = arg;

	if (buf_add(m->body, p, n) != 0)
		return err_set(e, ERR_LIMIT, "a manifest of more than %zu bytes",
			       m->body->limit);
	return 0;
}

static int add_context(const struct ask *m, struct err *e)
{
	return err_add(e, "%s: %s manifest of %s%s%s", m->c.u->host,
		       m->body != NULL ? "GET" : "HEAD", m->name->s,
		       m->ref->is_digest ? "@" : ":", m->ref_text);
}

static void prepare(struct ask *m, struct upstream *u, int64_t deadline_ms)
{
	m->c.u = u;
	m->c.deadline_ms = deadline_ms;
	reference_text(m->ref, m->ref_text);
	snprintf(m->accept, sizeof(m->accept), "Accept: %s", manifest_accept);
	snprintf(m->path, sizeof(m->path), "/v2/%s/manifests/%s", m->name->s,
		 m->ref_text);
	m->c.header[0] = m->accept;
	m->c.arg = m;
}

static int run(struct ask *m, struct upstream *u, struct err *e)
{
	if (exchange_run(u, &m->c, m->name, m->path, e) != 0)
		return -1;
	/* registry:2 as a cache says 500 for what its upstream does not have. For those
	 * who push that is as good as "not here": the push will tell. */
	if (m->c.push && m->c.answer.status == 500)
		return err_set(e, ERR_NOT_FOUND, "answered 500");
	return m->c.answer.status == 200 ? 0 : refusal_of(&m->c, false, e);
}

static void describe(const struct transport_answer *a, struct upstream_manifest *out)
{
	struct view type = transport_header(a, "Content-Type", 0);
	const char *semicolon = type.n > 0 ? memchr(type.p, ';', type.n) : NULL;

	*out = (struct upstream_manifest){ .length = transport_length(a) };
	if (semicolon != NULL)
		type.n = (size_t)(semicolon - type.p);
	type = view_trim(type);
	if (type.n < sizeof(out->media_type))
		memcpy(out->media_type, type.p, type.n);
	/* Malformed is as good as absent. */
	out->has_digest = digest_parse(transport_header(a, "Docker-Content-Digest", 0),
				       &out->digest, NULL) == 0;
}

int manifests_head(struct upstream *u, const struct reponame *name,
		   const struct reference *ref, struct account *account, bool push,
		   int64_t deadline_ms, struct upstream_manifest *out, struct err *e)
{
	struct ask m = { .name = name, .ref = ref, .c.account = account };
	struct upstream_manifest got;
	int rc;

	m.c.push = push;
	m.c.kind = "manifest_head";
	m.c.method = "HEAD";
	prepare(&m, u, deadline_ms);
	rc = run(&m, u, e);
	if (rc == 0) {
		describe(&m.c.answer, &got);
		if (!got.has_digest && refusal_is_html(&m.c.answer, (struct view){ 0 }))
			rc = err_set(e, ERR_UPSTREAM, "answered with a web page");
	}
	if (rc == 0) {
		/* Asked by digest there is nothing to learn: the bytes will have to prove
		 * it. */
		if (ref->is_digest) {
			got.has_digest = true;
			got.digest = ref->digest;
		}
		*out = got;
	} else {
		add_context(&m, e);
	}
	chase_done(&m.c);
	return rc;
}

int upstream_head_manifest(struct upstream *u, const struct reponame *name,
			   const struct reference *ref, int64_t deadline_ms,
			   struct upstream_manifest *out, struct err *e)
{
	return manifests_head(u, name, ref, NULL, false, deadline_ms, out, e);
}

static int check_digest(const struct digest *want, const struct buf *body, struct err *e)
{
	char said[DIGEST_TEXT_MAX], is[DIGEST_TEXT_MAX];
	struct digest got;

	digest_of(want->alg, buf_str(body), body->n, &got);
	if (digest_equal(want, &got))
		return 0;
	digest_text(want, said);
	digest_text(&got, is);
	return err_set(e, ERR_CORRUPT, "the bytes are %.80s and not %.80s", is, said);
}

static int check_body(const struct ask *m, struct upstream_manifest *got, struct err *e)
{
	struct manifest parsed;

	if (refusal_is_html(&m->c.answer, buf_view(m->body)))
		return err_set(e, ERR_UPSTREAM, "answered with a web page");
	if (m->ref->is_digest) {
		got->digest = m->ref->digest;
		got->has_digest = true;
	}
	if (got->has_digest && check_digest(&got->digest, m->body, e) != 0)
		return -1;
	if (!got->has_digest)
		digest_of(HASH_SHA256, buf_str(m->body), m->body->n, &got->digest);
	if (manifest_parse(buf_view(m->body), &parsed, e) != 0) {
		err_add(e, "answered with something that is no manifest");
		if (e != NULL)
			e->kind = ERR_UPSTREAM;
		return -1;
	}
	manifest_done(&parsed);
	got->length = (int64_t)m->body->n;
	return 0;
}

/* A pull, as far as quotas go. */
static int run_counted(struct ask *m, struct upstream *u, struct err *e)
{
	const struct transport_answer *got = &m->c.answer;
	enum ledger_end end = LEDGER_END_OTHER;
	struct ledger_pull pull;
	int after_s = 0, rc;

	if (ledger_begin(u, m->c.account, m->c.deadline_ms, &pull, e) != 0)
		return -1;
	rc = run(m, u, e);
	if (got->status == 200) {
		end = LEDGER_END_COUNTED;
	} else if (got->status == 429 && toomany_of(&m->c) == TOOMANY_QUOTA) {
		end = LEDGER_END_REFUSED;
		after_s = toomany_after_s(&m->c);
	}
	ledger_end(m->c.account, &pull, end, after_s, e);
	return rc;
}

int upstream_get_manifest(struct upstream *u, const struct reponame *name,
			  const struct reference *ref, int64_t deadline_ms,
			  struct buf *body, struct upstream_manifest *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(body->limit);
	struct ask m = { .name = name, .ref = ref, .body = &text };
	struct upstream_manifest got;
	int rc;

	m.c.kind = "manifest_get";
	m.c.method = "GET";
	m.c.head = on_head;
	m.c.data = on_data;
	m.c.account = account_for(u, name->s);
	prepare(&m, u, deadline_ms);
	rc = run_counted(&m, u, e);
	if (rc == 0) {
		describe(&m.c.answer, &got);
		rc = check_body(&m, &got, e);
	}
	if (rc == 0) {
		buf_done(body);
		*body = text;
		buf_init(&text, 0);
		*out = got;
	} else {
		add_context(&m, e);
	}
	chase_done(&m.c);
	return rc;
}
