/*
 * bundle.c - sigstore bundles 0.1 to 0.3 (sigstore/protobuf-specs sigstore_bundle.proto,
 * in protobuf's JSON).  Pure.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "oci/pattern.h"
#include "trust/members.h"
#include "trust/sigstore.h"
#include "trust/verify_impl.h"

#define MEDIA_TYPE "application/vnd.dev.sigstore.bundle"
#define PAYLOAD_TYPE "application/vnd.in-toto+json"
#define SIGNING "https://sigstore.dev/cosign/sign/v1" /* cosign's predicate */
#define SIGNATURE_MAX 4096
#define SUBJECTS_MAX 1024

struct reading {
	const struct evidence *ev;
	struct sigstore_claim claim;
	struct buf signature, payload, pae;
	const char *predicate; /* its type; NULL: a plain signature */
	int version;	       /* 1 to 3, of 0.x */
};

static void reading_done(struct reading *r)
{
	sigstore_claim_done(&r->claim);
	buf_done(&r->signature);
	buf_done(&r->payload);
	buf_done(&r->pae);
}

/* Protobuf's null is the same as not there. */
static const struct json *member(const struct json *o, const char *name)
{
	const struct json *v = json_get(o, name);

	return json_is_null(v) ? NULL : v;
}

static int read_version(const struct json *o, struct reading *r, struct err *e)
{
	static const struct {
		const char *type;
		int version;
	} known[] = {
		{ MEDIA_TYPE ".v0.3+json", 3 },
		{ MEDIA_TYPE "+json;version=0.3", 3 },
		{ MEDIA_TYPE "+json;version=0.2", 2 },
		{ MEDIA_TYPE "+json;version=0.1", 1 },
	};
	const char *type = json_get_str(o, "mediaType");

	for (size_t i = 0; type != NULL && i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i].type, type) == 0) {
			r->version = known[i].version;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, "a bundle of the unknown version %.80s",
		       type != NULL ? type : "(none)");
}

/* --- log entries --- */

static int read_hashes(const struct json *list, struct tlog_entry *t, struct err *e)
{
	CLEANUP(buf_done)
	struct buf one = BUF_INIT(TLOG_HASH_BYTES + 3);
	size_t i, n = json_len(list);

	if (n > TLOG_MAX_HASHES)
		return err_set(e, ERR_LIMIT, "a proof of %zu hashes", n);
	for (i = 0; i < n; i++) {
		const char *text = json_str(json_at(list, i));

		buf_clear(&one);
		if (text == NULL || base64_decode_exact(view_of(text), &one, e) != 0 ||
		    one.n != TLOG_HASH_BYTES)
			return err_set(e, ERR_INVALID, "a malformed hash in its proof");
		memcpy(t->hash[t->nhashes++], one.p, TLOG_HASH_BYTES);
	}
	return 0;
}

static int read_proof(const struct json *proof, struct tlog_entry *t, struct err *e)
{
	const struct json *checkpoint = json_get(proof, "checkpoint");
	int64_t index, size;
	const char *text;

	if (members_known(proof, "logIndex rootHash treeSize hashes checkpoint",
			  "its proof", e) != 0 ||
	    members_known(checkpoint, "envelope", "its checkpoint", e) != 0 ||
	    members_number(proof, "logIndex", false, &index, e) != 0 ||
	    members_number(proof, "treeSize", true, &size, e) != 0 ||
	    members_fixed(proof, "rootHash", t->root, sizeof(t->root), e) != 0 ||
	    read_hashes(json_get(proof, "hashes"), t, e) != 0)
		return -1;
	text = members_text(checkpoint, "envelope", e);
	if (text == NULL)
		return -1;
	if (buf_adds(&t->checkpoint, text) != 0)
		return err_set(e, ERR_LIMIT, "too long a checkpoint");
	t->proof_index = (uint64_t)index;
	t->proof_size = (uint64_t)size;
	t->has_proof = true;
	return 0;
}

static int read_promise(const struct json *promise, struct tlog_entry *t, struct err *e)
{
	return members_known(promise, "signedEntryTimestamp", "its promise", e) == 0
		       ? members_bytes(promise, "signedEntryTimestamp", &t->promise, e)
		       : -1;
}

static int read_entry(const struct json *o, const struct reading *r,
		      struct sigstore_entry *out, struct err *e)
{
	const struct json *kind = json_get(o, "kindVersion");
	const struct json *promise = member(o, "inclusionPromise");
	const struct json *proof = member(o, "inclusionProof");
	const struct json *id = json_get(o, "logId");
	struct tlog_entry *t = &out->entry;

	if (members_known(o,
			  "logIndex logId kindVersion integratedTime inclusionPromise "
			  "inclusionProof canonicalizedBody",
			  "its log entry", e) != 0 ||
	    members_known(kind, "kind version", "its log entry's kind", e) != 0 ||
	    members_known(id, "keyId", "its log's id", e) != 0 ||
	    members_fixed(id, "keyId", t->id, sizeof(t->id), e) != 0 ||
	    members_bytes(o, "canonicalizedBody", &t->body, e) != 0 ||
	    members_number(o, "logIndex", false, &t->index, e) != 0 ||
	    members_number(o, "integratedTime", false, &t->integrated_s, e) != 0 ||
	    (promise != NULL && read_promise(promise, t, e) != 0) ||
	    (proof != NULL && read_proof(proof, t, e) != 0))
		return -1;
	if (r->version == 1 ? promise == NULL : proof == NULL)
		return err_set(e, ERR_INVALID, "a log entry without %s",
			       r->version == 1 ? "promise" : "proof");
	out->kind = members_text(kind, "kind", e);
	out->version = members_text(kind, "version", e);
	return out->kind != NULL && out->version != NULL ? 0 : -1;
}

static int read_entries(const struct json *list, struct reading *r, struct err *e)
{
	struct sigstore_claim *c = &r->claim;
	size_t i, n = json_len(list);

	if (n > SIGSTORE_MAX_ENTRIES)
		return err_set(e, ERR_LIMIT, "more than %d log entries",
			       SIGSTORE_MAX_ENTRIES);
	for (i = 0; i < n; i++) {
		tlog_entry_init(&c->entry[c->nentries].entry);
		if (read_entry(json_at(list, i), r, &c->entry[c->nentries++], e) != 0)
			return -1;
	}
	return 0;
}

/* --- who and when --- */

static int read_cert(const struct json *o, struct cert_list *to, struct err *e)
{
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(CERT_MAX_BYTES);
	struct cert *c;

	if (members_known(o, "rawBytes", "its certificate", e) != 0 ||
	    members_bytes(o, "rawBytes", &der, e) != 0 ||
	    cert_read_der(buf_view(&der), &c, e) != 0)
		return -1;
	return cert_list_add(to, c, e);
}

static int read_chain(const struct json *o, struct reading *r, struct err *e)
{
	const struct json *list = json_get(o, "certificates");
	size_t i;

	if (r->version == 3)
		return err_set(e, ERR_INVALID, "a chain, which bundles 0.3 have not");
	if (members_known(o, "certificates", "its certificate chain", e) != 0)
		return -1;
	if (json_len(list) == 0)
		return err_set(e, ERR_INVALID, "an empty certificate chain");
	for (i = 0; i < json_len(list); i++)
		if (read_cert(json_at(list, i), &r->claim.certs, e) != 0)
			return -1;
	return 0;
}

static int read_times(const struct json *o, struct reading *r, struct err *e)
{
	const struct json *list = json_get(o, "rfc3161Timestamps");
	struct sigstore_claim *c = &r->claim;
	size_t i;

	if (members_known(o, "rfc3161Timestamps", "its timestamps", e) != 0)
		return -1;
	if (json_len(list) > SIGSTORE_MAX_TIMES)
		return err_set(e, ERR_LIMIT, "more than %d timestamps",
			       SIGSTORE_MAX_TIMES);
	for (i = 0; i < json_len(list); i++) {
		struct buf *b = &c->time[c->ntimes++];

		buf_init(b, EVIDENCE_MAX_NOTE);
		if (members_known(json_at(list, i), "signedTimestamp", "its timestamp",
				  e) != 0 ||
		    members_bytes(json_at(list, i), "signedTimestamp", b, e) != 0)
			return -1;
	}
	return 0;
}

static int read_material(const struct json *o, struct reading *r, struct err *e)
{
	const struct json *key = member(o, "publicKey");
	const struct json *cert = member(o, "certificate");
	const struct json *chain = member(o, "x509CertificateChain");
	const struct json *times = member(o, "timestampVerificationData");

	if (members_known(o,
			  "publicKey certificate x509CertificateChain tlogEntries "
			  "timestampVerificationData",
			  "its verificationMaterial", e) != 0 ||
	    read_entries(json_get(o, "tlogEntries"), r, e) != 0 ||
	    (times != NULL && read_times(times, r, e) != 0))
		return -1;
	if ((key != NULL) + (cert != NULL) + (chain != NULL) != 1)
		return err_set(e, ERR_INVALID, "not one of key, certificate and chain");
	if (key != NULL)
		return members_known(key, "hint", "its key", e);
	return cert != NULL ? read_cert(cert, &r->claim.certs, e)
			    : read_chain(chain, r, e);
}

/* --- what is signed --- */

/* One of the statement's subjects is the image. */
static int find_subject(const struct json *list, const struct reading *r,
			struct verify_signature *out, struct err *e)
{
	char hex[DIGEST_HEX_MAX];
	const char *got, *name;
	size_t i;

	digest_hex(&r->ev->subject, hex);
	if (json_len(list) == 0 || json_len(list) > SUBJECTS_MAX)
		return err_set(e, ERR_INVALID, "a statement of %zu subjects",
			       json_len(list));
	for (i = 0; i < json_len(list); i++) {
		got = json_get_str(json_get(json_at(list, i), "digest"),
				   digest_alg(&r->ev->subject));
		if (got == NULL || strcmp(got, hex) != 0)
			continue;
		name = json_get_str(json_at(list, i), "name");
		snprintf(out->image, sizeof(out->image), "%s", name != NULL ? name : "");
		return 0;
	}
	return err_set(e, ERR_DENIED, "it is over another image");
}

static int read_statement(const struct json *o, struct reading *r,
			  struct verify_signature *out, char predicate[200],
			  struct err *e)
{
	const char *type = json_get_str(o, "_type");
	const char *about;

	if (members_known(o, "_type subject predicateType predicate", "its statement",
			  e) != 0)
		return -1;
	if (type == NULL || (strcmp(type, "https://in-toto.io/Statement/v1") != 0 &&
			     strcmp(type, "https://in-toto.io/Statement/v0.1") != 0))
		return err_set(e, ERR_INVALID, "no in-toto statement of a known version");
	about = members_text(o, "predicateType", e);
	if (about == NULL)
		return -1;
	snprintf(predicate, 200, "%s", about);
	r->predicate = predicate;
	return find_subject(json_get(o, "subject"), r, out, e);
}

/* secure-systems-lab/dsse protocol.md, "Signature Definition". */
static void make_pae(struct reading *r)
{
	buf_addf(&r->pae, "DSSEv1 %zu " PAYLOAD_TYPE " %zu ", strlen(PAYLOAD_TYPE),
		 r->payload.n);
	buf_add(&r->pae, buf_str(&r->payload), r->payload.n);
}

static int read_dsse(const struct json *o, struct reading *r, struct err *e)
{
	const struct json *sigs = json_get(o, "signatures");
	const char *type = json_get_str(o, "payloadType");

	if (members_known(o, "payload payloadType signatures", "its envelope", e) != 0)
		return -1;
	if (type == NULL || strcmp(type, PAYLOAD_TYPE) != 0)
		return err_set(e, ERR_INVALID,
			       "an envelope around something else than " PAYLOAD_TYPE);
	if (json_len(sigs) != 1)
		return err_set(e, ERR_INVALID, "an envelope with %zu signatures",
			       json_len(sigs));
	if (members_known(json_at(sigs, 0), "sig keyid", "its signature", e) != 0 ||
	    members_bytes(json_at(sigs, 0), "sig", &r->signature, e) != 0 ||
	    members_bytes(o, "payload", &r->payload, e) != 0)
		return -1;
	make_pae(r);
	r->claim.what.signature = buf_view(&r->signature);
	r->claim.what.text = buf_view(&r->pae);
	r->claim.what.is_dsse = true;
	r->claim.what.payload = buf_view(&r->payload);
	return 0;
}

static int read_message(const struct json *o, struct reading *r, struct err *e)
{
	const struct json *digest = json_get(o, "messageDigest");
	const char *alg = json_get_str(digest, "algorithm");
	unsigned char got[32];

	if (members_known(o, "messageDigest signature", "its messageSignature", e) != 0 ||
	    members_known(digest, "algorithm digest", "its messageDigest", e) != 0 ||
	    members_bytes(o, "signature", &r->signature, e) != 0)
		return -1;
	if (alg == NULL || strcmp(alg, "SHA2_256") != 0 ||
	    r->ev->subject.alg != HASH_SHA256)
		return err_set(e, ERR_INVALID,
			       "a signature over another digest than "
			       "SHA-256");
	if (members_fixed(digest, "digest", got, sizeof(got), e) != 0)
		return -1;
	if (memcmp(got, r->ev->subject.bytes, sizeof(got)) != 0)
		return err_set(e, ERR_DENIED, "it is over another image");
	r->claim.what.signature = buf_view(&r->signature);
	r->claim.what.digest = r->ev->subject.bytes;
	return 0;
}

/* --- the whole --- */

/* A signature, or an attestation that the policy takes for one. */
static bool counts(const struct policy *p, const char *predicate)
{
	if (predicate == NULL || strcmp(predicate, SIGNING) == 0)
		return true;
	for (size_t i = 0; i < p->nattestations; i++)
		if (pattern_match_text(p->attestation[i], predicate))
			return true;
	return false;
}

static int read_content(const struct json *o, struct reading *r,
			struct verify_signature *out, char predicate[200], struct err *e)
{
	CLEANUP(json_freep)
	struct json *statement = NULL;
	const struct json *dsse = member(o, "dsseEnvelope");
	const struct json *message = member(o, "messageSignature");

	if ((dsse == NULL) == (message == NULL))
		return err_set(e, ERR_INVALID,
			       "not one of dsseEnvelope and messageSignature");
	if (message != NULL)
		return read_message(message, r, e);
	if (read_dsse(dsse, r, e) != 0)
		return -1;
	statement = json_parse(buf_view(&r->payload), e);
	if (statement == NULL)
		return err_add(e, "its statement");
	return read_statement(statement, r, out, predicate, e);
}

int bundle_judge(const struct policy *p, const struct evidence *ev,
		 const struct evidence_item *it, struct verify_signature *out,
		 struct err *e)
{
	CLEANUP(reading_done)
	struct reading r = { .ev = ev,
			     .signature = BUF_INIT(SIGNATURE_MAX),
			     .payload = BUF_INIT(EVIDENCE_MAX_BODY),
			     .pae = BUF_INIT(EVIDENCE_MAX_BODY + 256) };
	CLEANUP(json_freep)
	struct json *o = json_parse(buf_view(&it->body), e);
	char predicate[200];

	if (o == NULL)
		return err_add(e, "a bundle");
	if (members_known(o,
			  "mediaType verificationMaterial dsseEnvelope messageSignature",
			  "a bundle", e) != 0 ||
	    read_version(o, &r, e) != 0 ||
	    read_material(json_get(o, "verificationMaterial"), &r, e) != 0 ||
	    read_content(o, &r, out, predicate, e) != 0 ||
	    sigstore_judge(p, &r.claim, out, e) != 0)
		return -1;
	if (out->verdict != VERIFY_GOOD || counts(p, r.predicate))
		return 0;
	out->verdict = VERIFY_OTHER;
	snprintf(out->why, sizeof(out->why),
		 "it is an attestation (%s), not a signature of the image", r.predicate);
	return 0;
}
