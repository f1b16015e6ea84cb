/*
 * hash.c - streaming SHA-2 through libcrypto's EVP.
 *
 * libcrypto can only refuse these calls when it is out of memory or has no SHA-2 at all;
 * neither leaves anything sensible to do, so both abort.
 */
#include "codec/hash.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/mem.h"

struct hash {
	EVP_MD_CTX *ctx;
	const EVP_MD *md;
};

static void must(int ok)
{
	if (ok != 1)
		abort();
}

struct hash *hash_new(enum hash_alg alg)
{
	struct hash *h = mem_alloc(sizeof(*h));

	h->md = alg == HASH_SHA512 ? EVP_sha512() : EVP_sha256();
	h->ctx = EVP_MD_CTX_new();
	must(h->ctx != NULL);
	hash_reset(h);
	return h;
}

struct hash *hash_copy(const struct hash *h)
{
	struct hash *copy = hash_new(h->md == EVP_sha512() ? HASH_SHA512 : HASH_SHA256);

	must(EVP_MD_CTX_copy_ex(copy->ctx, h->ctx));
	return copy;
}

void hash_free(struct hash *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

void hash_freep(struct hash **h)
{
	hash_free(*h);
	*h = NULL;
}

void hash_reset(struct hash *h)
{
	must(EVP_DigestInit_ex(h->ctx, h->md, NULL));
}

void hash_add(struct hash *h, const void *p, size_t n)
{
	must(EVP_DigestUpdate(h->ctx, p, n));
}

void hash_final(struct hash *h, unsigned char out[HASH_MAX_BYTES])
{
	must(EVP_DigestFinal_ex(h->ctx, out, NULL));
}

size_t hash_size(enum hash_alg alg)
{
	return alg == HASH_SHA512 ? 64 : 32;
}

void hash_mac(const unsigned char key[HASH_MAC_BYTES], const void *p, size_t n,
	      unsigned char out[HASH_MAC_BYTES])
{
	unsigned int got = 0;

	must(HMAC(EVP_sha256(), key, HASH_MAC_BYTES, p, n, out, &got) != NULL &&
	     got == HASH_MAC_BYTES);
}

void hash_random(unsigned char *out, size_t n)
{
	must(RAND_bytes(out, (int)n));
}
