/*
 * notation.c - the Notary Project's signatures: a JWS of the image's descriptor with a
 * chain of certificates (notaryproject/specifications signature-envelope-jws.md,
 * signature-specification.md, trust-store-trust-policy.md).  Pure.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/httpdate.h"
#include "codec/json.h"
#include "trust/members.h"
#include "trust/verify_impl.h"

#define JWS_TYPE "application/jose+json"
#define COSE_TYPE "application/cose"
#define PAYLOAD_TYPE "application/vnd.cncf.notary.payload.v1+json"
#define NOTARY "io.cncf.notary."
#define SIGNATURE_MAX 4096
#define HEADER_MAX (64u << 10)

struct envelope {
	struct json *doc, *protected;
	struct buf payload, signature;
	struct buf signed_text;
	struct cert_list chain;
	int64_t expiry_s; /* INT64_MAX: none */
};

static void envelope_done(struct envelope *x)
{
	json_free(x->doc);
	json_free(x->protected);
	buf_done(&x->payload);
	buf_done(&x->signature);
	buf_done(&x->signed_text);
	cert_list_done(&x->chain);
}

static int decode(const struct json *o, const char *name, struct buf *out, struct err *e)
{
	const char *text = members_text(o, name, e);

	if (text == NULL)
		return -1;
	return base64_decode_url(view_of(text), out, e) == 0 ? 0 : err_add(e, "%s", name);
}

/* --- the protected header --- */

static int read_time(const struct json *o, const char *name, bool must, int64_t *out,
		     struct err *e)
{
	const char *text = json_get_str(o, name);

	if (json_get(o, name) == NULL && !must)
		return 0;
	if (text == NULL || !httpdate_parse(view_of(text), out))
		return err_set(e, ERR_INVALID, "%s is no time", name);
	return 0;
}

/* Each critical header is one that is understood here, and is there. */
static int check_critical(const struct json *o, struct err *e)
{
	const struct json *crit = json_get(o, "crit");
	bool scheme = false, expiry = false;
	size_t i;

	for (i = 0; i < json_len(crit); i++) {
		const char *name = json_str(json_at(crit, i));

		if (name != NULL && strcmp(name, NOTARY "signingScheme") == 0)
			scheme = true;
		else if (name != NULL && strcmp(name, NOTARY "expiry") == 0)
			expiry = true;
		else
			return err_set(e, ERR_INVALID, "unknown critical header %.80s",
				       name != NULL ? name : "(no text)");
	}
	if (!scheme || expiry != (json_get(o, NOTARY "expiry") != NULL))
		return err_set(e, ERR_INVALID,
			       "a header that must be critical is not, or is missing");
	return 0;
}

static int read_protected(struct envelope *x, struct verify_signature *out, struct err *e)
{
	const struct json *o = x->protected;
	const char *scheme = json_get_str(o, NOTARY "signingScheme");
	const char *type = json_get_str(o, "cty");
	int64_t signed_s = 0;

	if (scheme == NULL || strcmp(scheme, "notary.x509") != 0)
		return err_set(e, ERR_INVALID,
			       "the signing scheme %.60s; notary.x509 is supported",
			       scheme != NULL ? scheme : "(none)");
	if (type == NULL || strcmp(type, PAYLOAD_TYPE) != 0)
		return err_set(e, ERR_INVALID,
			       "a payload of another type than "
			       "" PAYLOAD_TYPE);
	if (json_get(o, NOTARY "authenticSigningTime") != NULL)
		return err_set(e, ERR_INVALID, "a header of another signing scheme");
	x->expiry_s = INT64_MAX;
	if (check_critical(o, e) != 0 ||
	    read_time(o, NOTARY "signingTime", true, &signed_s, e) != 0 ||
	    read_time(o, NOTARY "expiry", false, &x->expiry_s, e) != 0)
		return -1;
	out->when_ms = signed_s * 1000;
	return 0;
}

/* --- the signature --- */

/* The algorithm must be the one for the key (signature-specification.md "Algorithm
 * Selection"). */
static int check_alg(const struct envelope *x, const struct pubkey *key,
		     enum pubkey_hash *hash, struct err *e)
{
	static const struct {
		const char *alg;
		enum pubkey_kind kind;
		enum pubkey_hash hash;
	} known[] = {
		{ "ES256", PUBKEY_P256, PUBKEY_SHA256 },
		{ "ES384", PUBKEY_P384, PUBKEY_SHA384 },
		{ "ES512", PUBKEY_P521, PUBKEY_SHA512 },
		{ "PS256", PUBKEY_RSA, PUBKEY_SHA256 },
		{ "PS384", PUBKEY_RSA, PUBKEY_SHA384 },
		{ "PS512", PUBKEY_RSA, PUBKEY_SHA512 },
	};
	const char *alg = json_get_str(x->protected, "alg");

	for (size_t i = 0; alg != NULL && i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i].alg, alg) == 0 && known[i].kind == pubkey_kind(key)) {
			*hash = known[i].hash;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, "the algorithm %.20s with such a key",
		       alg != NULL ? alg : "(none)");
}

static int check_signature(const struct envelope *x, struct err *e)
{
	const struct pubkey *key = cert_key(x->chain.cert[0]);
	enum pubkey_hash hash = PUBKEY_SHA256;

	if (check_alg(x, key, &hash, e) != 0)
		return -1;
	if (pubkey_verify(key, hash, PUBKEY_JOSE, buf_view(&x->signed_text),
			  buf_view(&x->signature), e) != 0)
		return err_set(e, ERR_DENIED,
			       "it was not made by the certificate beside it");
	return 0;
}

/* --- the payload --- */

static int check_payload(const struct envelope *x, const struct evidence *ev,
			 struct err *e)
{
	CLEANUP(json_freep)
	struct json *o = json_parse(buf_view(&x->payload), e);
	const struct json *target = json_get(o, "targetArtifact");
	const char *type = json_get_str(target, "mediaType");
	const char *digest;
	char want[DIGEST_TEXT_MAX];
	int64_t size;

	if (o == NULL)
		return err_add(e, "its payload");
	if (members_known(o, "targetArtifact", "its payload", e) != 0 ||
	    members_known(target, "mediaType digest size annotations",
			  "its targetArtifact", e) != 0 ||
	    members_number(target, "size", true, &size, e) != 0)
		return -1;
	digest = members_text(target, "digest", e);
	if (digest == NULL)
		return -1;
	digest_text(&ev->subject, want);
	if (strcmp(digest, want) != 0)
		return err_set(e, ERR_DENIED, "it is over another image, %.80s", digest);
	if ((uint64_t)size != ev->size || type == NULL ||
	    strcmp(type, ev->media_type) != 0)
		return err_set(e, ERR_DENIED,
			       "it is over this digest, but another type or size");
	return 0;
}

/* --- who --- */

/* The envelope's chain is whole and in order, and part of it is in the trust store. */
static int check_chain(const struct envelope *x, const struct policy *p, int64_t now_s,
		       struct err *e)
{
	struct cert_list between = { .n = 0 }, root = { .n = 1 }; /* borrowed */
	const struct cert_list *all = &x->chain;
	struct cert_chain found;
	size_t i, j;

	root.cert[0] = all->cert[all->n - 1];
	if (!cert_is_self_issued(root.cert[0]))
		return err_set(e, ERR_DENIED,
			       "its certificate chain does not end in a root");
	for (i = 1; i + 1 < all->n; i++)
		between.cert[between.n++] = all->cert[i];
	if (cert_chain_find(all->cert[0], &between, &root, now_s, CERT_FOR_NOTATION,
			    &found, e) != 0)
		return -1;
	for (i = 0; i < all->n; i++)
		if (found.n != all->n || !cert_equal(found.cert[i], all->cert[i]))
			return err_set(e, ERR_DENIED,
				       "its certificate chain is not in order");
	for (i = 0; i < all->n; i++)
		for (j = 0; j < p->notation_ca.n; j++)
			if (cert_equal(all->cert[i], p->notation_ca.cert[j]))
				return 0;
	return err_set(e, ERR_DENIED,
		       "none of its certificates is in the policy's trust store");
}

static bool is_accepted(const struct policy *p, const struct cert *leaf)
{
	for (size_t i = 0; i < p->nnotation_identities; i++)
		if (p->notation_identity[i] == NULL ||
		    cert_name_matches(leaf, p->notation_identity[i], NULL) == 0)
			return true;
	return false;
}

/* --- the envelope --- */

static int read_chain(const struct json *header, struct envelope *x, struct err *e)
{
	const struct json *list = json_get(header, "x5c");
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(CERT_MAX_BYTES);
	struct cert *c;
	size_t i;

	if (json_len(list) == 0)
		return err_set(e, ERR_INVALID, "no certificate");
	for (i = 0; i < json_len(list); i++) {
		const char *text = json_str(json_at(list, i));

		buf_clear(&der);
		if (text == NULL)
			return err_set(e, ERR_INVALID, "x5c holds something else");
		if (base64_decode_exact(view_of(text), &der, e) != 0 ||
		    cert_read_der(buf_view(&der), &c, e) != 0 ||
		    cert_list_add(&x->chain, c, e) != 0)
			return err_add(e, "x5c");
	}
	return 0;
}

static int read_envelope(struct view text, struct envelope *x, struct err *e)
{
	CLEANUP(buf_done)
	struct buf protected = BUF_INIT(HEADER_MAX);
	const struct json *header;

	x->doc = json_parse(text, e);
	header = json_get(x->doc, "header");
	if (x->doc == NULL ||
	    members_known(x->doc, "payload protected header signature", "its envelope",
			  e) != 0 ||
	    members_known(header,
			  "x5c " NOTARY "signingAgent " NOTARY "timestampSignature",
			  "its unprotected header", e) != 0 ||
	    decode(x->doc, "payload", &x->payload, e) != 0 ||
	    decode(x->doc, "signature", &x->signature, e) != 0 ||
	    decode(x->doc, "protected", &protected, e) != 0 ||
	    read_chain(header, x, e) != 0)
		return -1;
	x->protected = json_parse(buf_view(&protected), e);
	if (!json_is_object(x->protected))
		return err_set(e, ERR_INVALID, "its protected header is no object");
	/* RFC 7515 section 5.1 */
	if (buf_addf(&x->signed_text, "%s.%s", json_get_str(x->doc, "protected"),
		     json_get_str(x->doc, "payload")) != 0)
		return err_set(e, ERR_LIMIT, "too large");
	return 0;
}

static int check_type(const struct evidence_item *it, struct err *e)
{
	if (strcmp(it->media_type, JWS_TYPE) == 0)
		return 0;
	if (strcmp(it->media_type, COSE_TYPE) == 0)
		return err_set(e, ERR_INVALID,
			       "it is a COSE envelope, which is not supported; sign with "
			       "--signature-format jws");
	return err_set(e, ERR_INVALID, "an envelope of the unknown type %.80s",
		       it->media_type);
}

int notation_judge(const struct policy *p, const struct evidence *ev,
		   const struct evidence_item *it, int64_t now_ms,
		   struct verify_signature *out, struct err *e)
{
	CLEANUP(envelope_done)
	struct envelope x = { .payload = BUF_INIT(EVIDENCE_MAX_BODY),
			      .signature = BUF_INIT(SIGNATURE_MAX),
			      .signed_text = BUF_INIT(EVIDENCE_MAX_BODY) };

	if (check_type(it, e) != 0 || read_envelope(buf_view(&it->body), &x, e) != 0)
		return -1;
	cert_subject(x.chain.cert[0], out->signer);
	if (read_protected(&x, out, e) != 0 || check_signature(&x, e) != 0 ||
	    check_payload(&x, ev, e) != 0)
		return -1;
	if (now_ms / 1000 > x.expiry_s)
		return err_set(e, ERR_DENIED, "it has expired");
	if (p == NULL || p->notation_ca.n == 0)
		return err_set(e, ERR_DENIED,
			       "it is by a certificate, and no notation trust store is "
			       "given");
	if (check_chain(&x, p, now_ms / 1000, e) != 0)
		return -1;
	cert_subject(x.chain.cert[x.chain.n - 1], out->issuer);
	out->verdict = is_accepted(p, x.chain.cert[0]) ? VERIFY_GOOD : VERIFY_OTHER;
	if (out->verdict == VERIFY_OTHER)
		snprintf(out->why, sizeof(out->why),
			 "its signer is not one whom the policy accepts");
	return 0;
}
