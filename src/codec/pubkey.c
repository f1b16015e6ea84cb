/*
 * pubkey.c - EVP_PKEYs and what is signed by them.
 *
 * A signature in libcrypto's eyes is DER; JOSE's is converted. DER that is not the one
 * encoding of r and s is refused by libcrypto itself.
 */
#include "codec/pubkey.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/mem.h"
#include "codec/pem.h"

#define RSA_LEAST_BITS 2048
#define RSA_MOST_BITS 8192

struct pubkey {
	enum pubkey_kind kind;
	EVP_PKEY *pkey;
	struct buf der;
	unsigned char id[PUBKEY_ID_BYTES];
};

static const EVP_MD *md_of(enum pubkey_hash hash)
{
	if (hash == PUBKEY_SHA512)
		return EVP_sha512();
	return hash == PUBKEY_SHA384 ? EVP_sha384() : EVP_sha256();
}

size_t pubkey_hash_size(enum pubkey_hash hash)
{
	return (size_t)EVP_MD_get_size(md_of(hash));
}

void pubkey_hash(enum pubkey_hash hash, struct view text,
		 unsigned char out[PUBKEY_HASH_MAX])
{
	if (EVP_Digest(text.n > 0 ? text.p : "", text.n, out, NULL, md_of(hash), NULL) !=
	    1)
		abort(); /* as in hash.c */
}

static int find_curve(EVP_PKEY *pkey, enum pubkey_kind *kind, struct err *e)
{
	static const struct {
		const char *name;
		enum pubkey_kind kind;
	} curves[] = { { "prime256v1", PUBKEY_P256 },
		       { "secp384r1", PUBKEY_P384 },
		       { "secp521r1", PUBKEY_P521 } };
	char name[64] = "";
	size_t i;

	if (EVP_PKEY_get_group_name(pkey, name, sizeof(name), NULL) != 1)
		return err_set(e, ERR_INVALID, "an elliptic curve without a name");
	for (i = 0; i < ARRAY_LEN(curves); i++) {
		if (strcmp(curves[i].name, name) == 0) {
			*kind = curves[i].kind;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, "the curve %s; P-256, P-384 and P-521 are taken",
		       name);
}

static int find_kind(EVP_PKEY *pkey, enum pubkey_kind *kind, struct err *e)
{
	int bits = EVP_PKEY_get_bits(pkey);

	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_EC:
		return find_curve(pkey, kind, e);
	case EVP_PKEY_ED25519:
		*kind = PUBKEY_ED25519;
		return 0;
	case EVP_PKEY_RSA:
		*kind = PUBKEY_RSA;
		if (bits >= RSA_LEAST_BITS && bits <= RSA_MOST_BITS)
			return 0;
		return err_set(e, ERR_INVALID,
			       "an RSA key of %d bits; %d to %d are taken", bits,
			       RSA_LEAST_BITS, RSA_MOST_BITS);
	default:
		return err_set(e, ERR_INVALID,
			       "a key of another kind; ECDSA, Ed25519 and RSA are taken");
	}
}

int pubkey_read_der(struct view der, struct pubkey **out, struct err *e)
{
	const unsigned char *at = (const unsigned char *)der.p;
	unsigned char id[PUBKEY_HASH_MAX];
	enum pubkey_kind kind;
	EVP_PKEY *pkey;

	if (der.n == 0 || der.n > PUBKEY_MAX_BYTES)
		return err_set(e, ERR_INVALID, "a public key of %zu bytes", der.n);
	pkey = d2i_PUBKEY(NULL, &at, (long)der.n);
	ERR_clear_error();
	if (pkey == NULL || at != (const unsigned char *)der.p + der.n) {
		EVP_PKEY_free(pkey);
		return err_set(e, ERR_INVALID, "not a public key");
	}
	if (find_kind(pkey, &kind, e) != 0) {
		ERR_clear_error();
		EVP_PKEY_free(pkey);
		return -1;
	}
	*out = mem_alloc(sizeof(**out));
	(*out)->kind = kind;
	(*out)->pkey = pkey;
	buf_init(&(*out)->der, PUBKEY_MAX_BYTES);
	buf_add(&(*out)->der, der.p, der.n);
	pubkey_hash(PUBKEY_SHA256, der, id);
	memcpy((*out)->id, id, PUBKEY_ID_BYTES);
	return 0;
}

int pubkey_read_pem(struct view pem, struct pubkey **out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(PUBKEY_MAX_BYTES);
	char label[PEM_LABEL_MAX];
	int rc = pem_next(&pem, PEM_EXACT, label, &der, e);

	if (rc < 0)
		return -1;
	if (rc == 0 || strcmp(label, "PUBLIC KEY") != 0)
		return err_set(e, ERR_INVALID, "no PUBLIC KEY in PEM form");
	while (pem.n > 0 && (*pem.p == '\n' || *pem.p == '\r')) {
		pem.p++;
		pem.n--;
	}
	if (pem.n > 0)
		return err_set(e, ERR_INVALID, "more than one public key, or text after");
	return pubkey_read_der(buf_view(&der), out, e);
}

void pubkey_free(struct pubkey *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	buf_done(&k->der);
	free(k);
}

void pubkey_freep(struct pubkey **k)
{
	pubkey_free(*k);
	*k = NULL;
}

enum pubkey_kind pubkey_kind(const struct pubkey *k)
{
	return k->kind;
}

struct view pubkey_der(const struct pubkey *k)
{
	return buf_view(&k->der);
}

const unsigned char *pubkey_id(const struct pubkey *k)
{
	return k->id;
}

bool pubkey_equal(const struct pubkey *a, const struct pubkey *b)
{
	return EVP_PKEY_eq(a->pkey, b->pkey) == 1;
}

enum pubkey_hash pubkey_usual_hash(const struct pubkey *k)
{
	if (k->kind == PUBKEY_P521)
		return PUBKEY_SHA512;
	return k->kind == PUBKEY_P384 ? PUBKEY_SHA384 : PUBKEY_SHA256;
}

/* r and s of a fixed size (RFC 7518 section 3.4), as DER. */
static int to_der(const struct pubkey *k, struct view sig, struct buf *der, struct err *e)
{
	size_t half = k->kind == PUBKEY_P521 ? 66 : k->kind == PUBKEY_P384 ? 48 : 32;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	unsigned char *bytes = NULL;
	BIGNUM *r, *s;
	int n = -1;

	if (sig.n == 2 * half && pair != NULL) {
		r = BN_bin2bn((const unsigned char *)sig.p, (int)half, NULL);
		s = BN_bin2bn((const unsigned char *)sig.p + half, (int)half, NULL);
		if (ECDSA_SIG_set0(pair, r, s) == 1)
			n = i2d_ECDSA_SIG(pair, &bytes);
	}
	ECDSA_SIG_free(pair);
	if (n > 0)
		buf_add(der, bytes, (size_t)n);
	OPENSSL_free(bytes);
	return n > 0 ? 0
		     : err_set(e, ERR_INVALID, "an ECDSA signature of %zu bytes", sig.n);
}

static bool set_pss(EVP_PKEY_CTX *ctx, const EVP_MD *md)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1;
}

int pubkey_verify(const struct pubkey *k, enum pubkey_hash hash, enum pubkey_form form,
		  struct view text, struct view sig, struct err *e)
{
	CLEANUP(buf_done)
	struct buf der = BUF_INIT(512);
	const EVP_MD *md = k->kind == PUBKEY_ED25519 ? NULL : md_of(hash);
	bool is_ec = k->kind <= PUBKEY_P521;
	EVP_MD_CTX *ctx;
	EVP_PKEY_CTX *how;
	int rc = 0;

	if (form == PUBKEY_JOSE && is_ec) {
		if (to_der(k, sig, &der, e) != 0)
			return -1;
		sig = buf_view(&der);
	}
	ctx = EVP_MD_CTX_new();
	if (ctx != NULL && EVP_DigestVerifyInit(ctx, &how, md, NULL, k->pkey) == 1 &&
	    (form != PUBKEY_JOSE || k->kind != PUBKEY_RSA || set_pss(how, md)))
		rc = EVP_DigestVerify(ctx, (const unsigned char *)sig.p, sig.n,
				      (const unsigned char *)(text.n > 0 ? text.p : ""),
				      text.n);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return rc == 1 ? 0 : err_set(e, ERR_DENIED, "the signature is not by this key");
}

int pubkey_verify_digest(const struct pubkey *k, const unsigned char digest[32],
			 struct view sig, struct err *e)
{
	EVP_PKEY_CTX *ctx;
	int rc = 0;

	if (k->kind == PUBKEY_ED25519)
		return err_set(e, ERR_INVALID,
			       "Ed25519 over a digest (Ed25519ph) is not supported");
	ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
	if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
	    (k->kind != PUBKEY_RSA ||
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1) &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1)
		rc = EVP_PKEY_verify(ctx, (const unsigned char *)sig.p, sig.n, digest,
				     32);
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return rc == 1 ? 0 : err_set(e, ERR_DENIED, "the signature is not by this key");
}
