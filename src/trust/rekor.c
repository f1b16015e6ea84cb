/*
 * rekor.c - bodies of log entries.  Pure.
 */
#include "trust/rekor.h"

#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/pem.h"
#include "trust/members.h"

#define SIGNATURE_MAX 4096

static int other(struct err *e, const char *what)
{
	return err_set(e, ERR_DENIED, "its log entry is about another %s", what);
}

static bool is_same(struct view a, struct view b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The DER of a key or certificate. */
static int match_holder(struct view der, bool is_cert, const struct rekor_claim *claim,
			struct err *e)
{
	if (is_cert && claim->cert != NULL && is_same(der, cert_der(claim->cert)))
		return 0;
	if (!is_cert && claim->key != NULL && is_same(der, pubkey_der(claim->key)))
		return 0;
	return other(e, is_cert ? "certificate" : "key");
}

/* One PEM block of either. */
static int match_pem(struct view pem, const struct rekor_claim *claim, struct err *e)
{
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(CERT_MAX_BYTES);
	CLEANUP(buf_done)
	struct buf more = BUF_INIT(CERT_MAX_BYTES);
	char label[PEM_LABEL_MAX], second[PEM_LABEL_MAX];

	if (pem_next(&pem, PEM_EXACT, label, &der, e) != 1 ||
	    (strcmp(label, "CERTIFICATE") != 0 && strcmp(label, "PUBLIC KEY") != 0) ||
	    pem_next(&pem, PEM_EXACT, second, &more, e) != 0)
		return err_set(e, ERR_INVALID,
			       "its log entry has no key or certificate in PEM form");
	return match_holder(buf_view(&der), strcmp(label, "CERTIFICATE") == 0, claim, e);
}

static int match_pem_member(const struct json *o, const char *name,
			    const struct rekor_claim *claim, struct err *e)
{
	CLEANUP(buf_done)
	struct buf pem = BUF_INIT(CERT_MAX_BYTES);

	return members_bytes(o, name, &pem, e) == 0 ? match_pem(buf_view(&pem), claim, e)
						    : -1;
}

static int match_signature(const struct json *o, const char *name,
			   const struct rekor_claim *claim, struct err *e)
{
	CLEANUP(buf_done)
	struct buf sig = BUF_INIT(SIGNATURE_MAX);

	if (members_bytes(o, name, &sig, e) != 0)
		return -1;
	return is_same(buf_view(&sig), claim->signature) ? 0 : other(e, "signature");
}

static int find_hash(const char *name, const char *const words[3], enum pubkey_hash *out,
		     struct err *e)
{
	for (int i = 0; name != NULL && i < 3; i++) {
		if (strcmp(name, words[i]) == 0) {
			*out = (enum pubkey_hash)i;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, "its log entry has an unknown kind of hash");
}

/* text NULL: the claim's, of which perhaps only the digest is known. */
static int match_hash(enum pubkey_hash hash, const unsigned char *got,
		      const struct view *text, const struct rekor_claim *claim,
		      struct err *e)
{
	unsigned char want[PUBKEY_HASH_MAX];

	if (text == NULL && claim->digest != NULL) {
		if (hash != PUBKEY_SHA256)
			return err_set(e, ERR_INVALID,
				       "its log entry's hash is not "
				       "SHA-256");
		memcpy(want, claim->digest, 32);
	} else {
		pubkey_hash(hash, text != NULL ? *text : claim->text, want);
	}
	return memcmp(want, got, pubkey_hash_size(hash)) == 0 ? 0 : other(e, "text");
}

/* {"algorithm":"sha256","value":"<hex>"} */
static int match_hash_object(const struct json *o, const struct view *text,
			     const struct rekor_claim *claim, struct err *e)
{
	static const char *const words[] = { "sha256", "sha384", "sha512" };
	unsigned char got[PUBKEY_HASH_MAX];
	const char *value = members_text(o, "value", e);
	enum pubkey_hash hash = PUBKEY_SHA256;

	if (value == NULL ||
	    find_hash(json_get_str(o, "algorithm"), words, &hash, e) != 0)
		return -1;
	if (members_hex(value, got, pubkey_hash_size(hash), e) != 0)
		return err_add(e, "its log entry's hash");
	return match_hash(hash, got, text, claim, e);
}

/* hashedrekord 0.0.1, and rekord, which has the same members where it matters. */
static int match_record(const struct json *spec, const struct rekor_claim *claim,
			struct err *e)
{
	const struct json *sig = json_get(spec, "signature");
	const char *format = json_get_str(sig, "format");

	if (format != NULL && strcmp(format, "x509") != 0)
		return err_set(e, ERR_INVALID,
			       "its log entry's signature is not of "
			       "format x509");
	if (match_hash_object(json_get(json_get(spec, "data"), "hash"), NULL, claim, e) !=
		    0 ||
	    match_signature(sig, "content", claim, e) != 0)
		return -1;
	return match_pem_member(json_get(sig, "publicKey"), "content", claim, e);
}

/* {"content":"<base64>","verifier":{"x509Certificate"|"publicKey":{"rawBytes":...}}} */
static int match_verifier(const struct json *sig, const struct rekor_claim *claim,
			  struct err *e)
{
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(CERT_MAX_BYTES);
	const struct json *who = json_get(sig, "verifier");
	const struct json *cert = json_get(who, "x509Certificate");
	const struct json *key = json_get(who, "publicKey");

	if ((cert == NULL) == (key == NULL))
		return err_set(e, ERR_INVALID,
			       "its log entry names no key or certificate");
	if (match_signature(sig, "content", claim, e) != 0 ||
	    members_bytes(cert != NULL ? cert : key, "rawBytes", &der, e) != 0)
		return -1;
	return match_holder(buf_view(&der), cert != NULL, claim, e);
}

static int match_record_2(const struct json *spec, const struct rekor_claim *claim,
			  struct err *e)
{
	static const char *const words[] = { "SHA2_256", "SHA2_384", "SHA2_512" };
	const struct json *record = json_get(spec, "hashedRekordV002");
	const struct json *data = json_get(record, "data");
	unsigned char got[PUBKEY_HASH_MAX];
	enum pubkey_hash hash = PUBKEY_SHA256;

	if (find_hash(json_get_str(data, "algorithm"), words, &hash, e) != 0 ||
	    members_fixed(data, "digest", got, pubkey_hash_size(hash), e) != 0 ||
	    match_hash(hash, got, NULL, claim, e) != 0)
		return -1;
	return match_verifier(json_get(record, "signature"), claim, e);
}

static int match_dsse(const struct json *spec, const struct rekor_claim *claim,
		      struct err *e)
{
	const struct json *sigs = json_get(spec, "signatures");

	if (!claim->is_dsse)
		return other(e, "kind of signature");
	if (json_len(sigs) != 1)
		return err_set(e, ERR_INVALID, "its log entry has not one signature");
	if (match_hash_object(json_get(spec, "payloadHash"), &claim->payload, claim, e) !=
		    0 ||
	    match_signature(json_at(sigs, 0), "signature", claim, e) != 0)
		return -1;
	return match_pem_member(json_at(sigs, 0), "verifier", claim, e);
}

/* The signature is base64 of base64. */
static int match_intoto(const struct json *spec, const struct rekor_claim *claim,
			struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(SIGNATURE_MAX);
	CLEANUP(buf_done)
	struct buf sig = BUF_INIT(SIGNATURE_MAX);
	const struct json *content = json_get(spec, "content");
	const struct json *sigs = json_get(json_get(content, "envelope"), "signatures");

	if (!claim->is_dsse)
		return other(e, "kind of signature");
	if (json_len(sigs) != 1)
		return err_set(e, ERR_INVALID, "its log entry has not one signature");
	if (match_hash_object(json_get(content, "payloadHash"), &claim->payload, claim,
			      e) != 0 ||
	    members_bytes(json_at(sigs, 0), "sig", &text, e) != 0 ||
	    base64_decode_exact(buf_view(&text), &sig, e) != 0)
		return -1;
	if (!is_same(buf_view(&sig), claim->signature))
		return other(e, "signature");
	return match_pem_member(json_at(sigs, 0), "publicKey", claim, e);
}

int rekor_match(struct view body, const char *kind, const char *version,
		const struct rekor_claim *claim, struct err *e)
{
	static const struct {
		const char *kind, *version;
		int (*match)(const struct json *spec, const struct rekor_claim *claim,
			     struct err *e);
	} known[] = {
		{ "hashedrekord", "0.0.1", match_record },
		{ "hashedrekord", "0.0.2", match_record_2 },
		{ "rekord", "0.0.1", match_record },
		{ "dsse", "0.0.1", match_dsse },
		{ "intoto", "0.0.2", match_intoto },
	};
	CLEANUP(json_freep)
	struct json *o = json_parse(body, e);
	const char *its_kind = json_get_str(o, "kind");
	const char *its_version = json_get_str(o, "apiVersion");
	size_t i;

	if (o == NULL)
		return err_add(e, "its log entry");
	if (its_kind == NULL || its_version == NULL ||
	    (kind != NULL && strcmp(kind, its_kind) != 0) ||
	    (version != NULL && strcmp(version, its_version) != 0))
		return err_set(e, ERR_INVALID,
			       "its log entry is not of the kind it says");
	for (i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].kind, its_kind) == 0 &&
		    strcmp(known[i].version, its_version) == 0)
			return known[i].match(json_get(o, "spec"), claim, e);
	return err_set(e, ERR_INVALID, "its log entry is of the unknown kind %.40s %.20s",
		       its_kind, its_version);
}
