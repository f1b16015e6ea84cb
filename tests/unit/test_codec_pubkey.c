/* Keys of each kind: what libcrypto signs is taken, in each form, and nothing else. */
#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/mem.h"
#include "codec/pubkey.h"

static const struct kind {
	const char *name; /* of a curve; "RSA", "ED25519" */
	unsigned bits;
	enum pubkey_kind kind;
	enum pubkey_hash usual;
} kinds[] = {
	{ "P-256", 0, PUBKEY_P256, PUBKEY_SHA256 },
	{ "P-384", 0, PUBKEY_P384, PUBKEY_SHA384 },
	{ "P-521", 0, PUBKEY_P521, PUBKEY_SHA512 },
	{ "ED25519", 0, PUBKEY_ED25519, PUBKEY_SHA256 },
	{ "RSA", 2048, PUBKEY_RSA, PUBKEY_SHA256 },
};

static EVP_PKEY *make(const char *name, unsigned bits)
{
	if (strcmp(name, "RSA") == 0)
		return EVP_RSA_gen(bits);
	return name[0] == 'E' ? EVP_PKEY_Q_keygen(NULL, NULL, name) : EVP_EC_gen(name);
}

static struct pubkey *public_of(EVP_PKEY *pkey)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);
	struct pubkey *k = NULL;
	struct err e;

	assert_int_equal(pubkey_read_der((struct view){ (char *)der, (size_t)n }, &k, &e),
			 0);
	assert_int_equal(pubkey_der(k).n, n);
	OPENSSL_free(der);
	return k;
}

static const EVP_MD *md_of(enum pubkey_hash hash)
{
	return hash == PUBKEY_SHA512   ? EVP_sha512()
	       : hash == PUBKEY_SHA384 ? EVP_sha384()
				       : EVP_sha256();
}

static void sign(EVP_PKEY *pkey, const EVP_MD *md, bool pss, struct view text,
		 struct buf *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how;
	size_t n = 1024;

	assert_int_equal(EVP_DigestSignInit(ctx, &how, md, NULL, pkey), 1);
	if (pss) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING),
				 1);
		assert_int_equal(
			EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST), 1);
	}
	assert_int_equal(EVP_DigestSign(ctx, (unsigned char *)buf_room(out, n), &n,
					(const unsigned char *)text.p, text.n),
			 1);
	buf_grew(out, n);
	EVP_MD_CTX_free(ctx);
}

/* DER to r and s side by side. */
static void to_jose(const struct pubkey *k, struct buf *sig)
{
	static const int half[] = { 32, 48, 66 };
	const unsigned char *at = (unsigned char *)sig->p;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)sig->n);
	unsigned char both[132];
	int n = half[pubkey_kind(k)];

	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), both, n), n);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), both + n, n), n);
	ECDSA_SIG_free(pair);
	buf_clear(sig);
	buf_add(sig, both, (size_t)n * 2);
}

static void flip_all(const struct pubkey *k, enum pubkey_hash hash, enum pubkey_form form,
		     struct view text, struct buf *sig)
{
	for (size_t i = 0; i < sig->n; i++) {
		sig->p[i] ^= (char)(1u << (i % 8));
		assert_int_equal(pubkey_verify(k, hash, form, text, buf_view(sig), NULL),
				 -1);
		sig->p[i] ^= (char)(1u << (i % 8));
	}
	assert_int_equal(pubkey_verify(k, hash, form, text, buf_view(sig), NULL), 0);
}

static void each_kind(void **state)
{
	const struct view text = VIEW("a text"), other = VIEW("A text");

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		EVP_PKEY *pkey = make(kinds[i].name, kinds[i].bits);
		struct pubkey *k = public_of(pkey);

		assert_int_equal(pubkey_kind(k), kinds[i].kind);
		assert_int_equal(pubkey_usual_hash(k), kinds[i].usual);
		for (int h = PUBKEY_SHA256; h <= PUBKEY_SHA512; h++) {
			enum pubkey_hash hash = (enum pubkey_hash)h;
			const EVP_MD *md = kinds[i].kind == PUBKEY_ED25519 ? NULL
									   : md_of(hash);
			CLEANUP(buf_done)
			struct buf sig = BUF_INIT(2048);
			struct err e;

			sign(pkey, md, false, text, &sig);
			flip_all(k, hash, PUBKEY_PLAIN, text, &sig);
			assert_err(pubkey_verify(k, hash, PUBKEY_PLAIN, other,
						 buf_view(&sig), &e),
				   e, ERR_DENIED);
			if (kinds[i].kind <= PUBKEY_P521) {
				to_jose(k, &sig);
				flip_all(k, hash, PUBKEY_JOSE, text, &sig);
				sig.n--;
				assert_err(pubkey_verify(k, hash, PUBKEY_JOSE, text,
							 buf_view(&sig), &e),
					   e, ERR_INVALID);
			}
			if (kinds[i].kind != PUBKEY_RSA)
				continue;
			assert_int_equal(pubkey_verify(k, hash, PUBKEY_JOSE, text,
						       buf_view(&sig), NULL),
					 -1);
			buf_clear(&sig);
			sign(pkey, md, true, text, &sig);
			flip_all(k, hash, PUBKEY_JOSE, text, &sig);
			assert_int_equal(pubkey_verify(k, hash, PUBKEY_PLAIN, text,
						       buf_view(&sig), NULL),
					 -1);
		}
		pubkey_free(k);
		EVP_PKEY_free(pkey);
	}
}

static void over_digests(void **state)
{
	const struct view text = VIEW("a text");
	unsigned char digest[PUBKEY_HASH_MAX];
	struct err e;

	pubkey_hash(PUBKEY_SHA256, text, digest);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		EVP_PKEY *pkey = make(kinds[i].name, kinds[i].bits);
		struct pubkey *k = public_of(pkey);
		CLEANUP(buf_done)
		struct buf sig = BUF_INIT(2048);

		if (kinds[i].kind == PUBKEY_ED25519) {
			assert_err(pubkey_verify_digest(k, digest, VIEW("x"), &e), e,
				   ERR_INVALID);
		} else {
			sign(pkey, EVP_sha256(), false, text, &sig);
			assert_int_equal(
				pubkey_verify_digest(k, digest, buf_view(&sig), &e), 0);
			digest[0] ^= 1;
			assert_err(pubkey_verify_digest(k, digest, buf_view(&sig), &e), e,
				   ERR_DENIED);
			digest[0] ^= 1;
		}
		pubkey_free(k);
		EVP_PKEY_free(pkey);
	}
}

static void not_taken(void **state)
{
	EVP_PKEY *weak = EVP_RSA_gen(1024), *odd = EVP_EC_gen("secp256k1"),
		 *good = EVP_EC_gen("P-256");
	EVP_PKEY *const keys[] = { weak, odd };
	unsigned char *der = NULL;
	struct pubkey *k = NULL;
	struct err e;
	int n;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		der = NULL;
		n = i2d_PUBKEY(keys[i], &der);
		assert_err(
			pubkey_read_der((struct view){ (char *)der, (size_t)n }, &k, &e),
			e, ERR_INVALID);
		OPENSSL_free(der);
	}
	der = NULL;
	n = i2d_PUBKEY(good, &der);
	der = OPENSSL_realloc(der, (size_t)n + 1);
	der[n] = 0;
	assert_err(pubkey_read_der((struct view){ (char *)der, (size_t)n + 1 }, &k, &e),
		   e, ERR_INVALID);
	assert_err(pubkey_read_der((struct view){ (char *)der, (size_t)n - 1 }, &k, &e),
		   e, ERR_INVALID);
	assert_err(pubkey_read_der(VIEW(""), &k, &e), e, ERR_INVALID);
	OPENSSL_free(der);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(odd);
	EVP_PKEY_free(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind),
		cmocka_unit_test(over_digests),
		cmocka_unit_test(not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
