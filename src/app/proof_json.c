/*
 * proof_json.c - objects written member by member; a line is dropped rather than cut.
 */
#include "app/proof_json.h"

#include <string.h>

#include "base/mem.h"
#include "codec/httpdate.h"

#define LINE_MAX_BYTES (1u << 20)

static int add_text(struct buf *out, const char *name, const char *text)
{
	int rc = buf_addf(out, "\"%s\":\"", name);

	rc |= buf_add_json(out, text, strlen(text));
	return rc | buf_adds(out, "\",");
}

/* Left out where it is empty. */
static int add_some(struct buf *out, const char *name, const char *text)
{
	return text[0] != '\0' ? add_text(out, name, text) : 0;
}

static int add_digest(struct buf *out, const char *name, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	return add_text(out, name, text);
}

static int end_object(struct buf *out)
{
	if (out->n > 0 && out->p[out->n - 1] == ',')
		out->n--;
	return buf_adds(out, "}");
}

static int add_signature(struct buf *out, const struct verify_signature *s)
{
	char when[24];
	int rc = buf_adds(out, "{");

	rc |= add_text(out, "kind", evidence_word(s->kind));
	rc |= add_text(out, "verdict", verify_word(s->verdict));
	rc |= add_some(out, "why", s->why);
	rc |= add_some(out, "signer", s->signer);
	rc |= add_some(out, "issuer", s->issuer);
	rc |= add_some(out, "key", s->key);
	if (s->when_ms != 0) {
		httpdate_format_iso(s->when_ms / 1000, when);
		rc |= add_text(out, "when", when);
		rc |= buf_addf(out, "\"whenProved\":%s,",
			       s->when_proved ? "true" : "false");
	}
	rc |= buf_addf(out, "\"logged\":%s,", s->logged ? "true" : "false");
	rc |= add_some(out, "image", s->image);
	rc |= add_digest(out, "manifest", &s->manifest);
	return rc | end_object(out);
}

static int add_policy(struct buf *out, const struct proof *p)
{
	char wants[POLICY_WANTS_MAX];
	int rc;

	if (p->policy == NULL)
		return 0;
	policy_wants(p->policy, wants);
	rc = buf_adds(out, "\"policy\":{");
	rc |= add_text(out, "images", policy_images(p->policy));
	rc |= add_text(out, "mode", policy_mode_word(policy_mode(p->policy)));
	rc |= add_text(out, "wants", wants);
	rc |= buf_addf(out, "\"accepted\":%s,",
		       p->signatures.accepted ? "true" : "false");
	rc |= end_object(out);
	return rc | buf_adds(out, ",");
}

static int print_line(const struct buf *line, int rc, FILE *to, struct err *e)
{
	if (rc != 0)
		return err_set(e, ERR_LIMIT, "too long to print");
	if (fwrite(line->p, 1, line->n, to) != line->n)
		return err_errno(e, "cannot write");
	return 0;
}

int proof_json_print(const struct proof *p, FILE *to, struct err *e)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(LINE_MAX_BYTES);
	char name[ROUTE_SHOWN_MAX + TAG_MAX_BYTES + 2];
	int rc = buf_adds(&out, "{");
	size_t i;

	snprintf(name, sizeof(name), "%s%s%s", p->shown, p->tag[0] != '\0' ? ":" : "",
		 p->tag);
	rc |= add_text(&out, "image", name);
	rc |= add_digest(&out, "digest", &p->digest);
	rc |= add_text(&out, "verdict", p->good ? "good" : "bad");
	rc |= add_some(&out, "why", p->why);
	rc |= add_text(&out, "copy", proof_copy_word(p->copy));
	rc |= add_some(&out, "copyWhy", p->copy_why);
	if (p->lock != PROOF_UNLOCKED) {
		rc |= add_text(&out, "lock", proof_lock_word(p->lock));
		rc |= add_digest(&out, "locked", &p->locked);
	}
	if (p->upstream != PROOF_NOT_ASKED)
		rc |= add_text(&out, "upstream", proof_upstream_word(p->upstream));
	if (p->upstream == PROOF_SAME || p->upstream == PROOF_MOVED)
		rc |= add_digest(&out, "upstreamDigest", &p->there);
	rc |= add_some(&out, "upstreamWhy", p->upstream_why);
	rc |= add_policy(&out, p);
	rc |= add_some(&out, "gap", p->gap);
	rc |= buf_adds(&out, "\"signatures\":[");
	for (i = 0; i < p->signatures.n; i++) {
		rc |= i > 0 ? buf_adds(&out, ",") : 0;
		rc |= add_signature(&out, &p->signatures.sig[i]);
	}
	rc |= buf_adds(&out, "]}\n");
	return print_line(&out, rc, to, e);
}

int proof_json_failed(const char *image, const char *why, FILE *to, struct err *e)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(LINE_MAX_BYTES);
	int rc = buf_adds(&out, "{");

	rc |= add_text(&out, "image", image);
	rc |= add_text(&out, "verdict", "failed");
	rc |= add_text(&out, "why", why);
	rc |= end_object(&out);
	rc |= buf_adds(&out, "\n");
	return print_line(&out, rc, to, e);
}
