/*
 * hash.h - SHA-256 and SHA-512, streaming (libcrypto). One thread at a time per hash.
 */
#ifndef LARDER_CODEC_HASH_H
#define LARDER_CODEC_HASH_H

#include <stddef.h>

enum hash_alg { HASH_SHA256, HASH_SHA512 };
#define HASH_MAX_BYTES 64

struct hash;

struct hash *hash_new(enum hash_alg alg);     /* never NULL */
struct hash *hash_copy(const struct hash *h); /* in its present state; never NULL */
void hash_free(struct hash *h);
void hash_freep(struct hash **h);
void hash_reset(struct hash *h);
void hash_add(struct hash *h, const void *p, size_t n);
/* The digest's hash_size bytes into out; after it only hash_reset or hash_free. */
void hash_final(struct hash *h, unsigned char out[HASH_MAX_BYTES]);
size_t hash_size(enum hash_alg alg); /* 32 or 64 */

/* HMAC-SHA-256 (RFC 2104) with a key of as many bytes, and random bytes for such a key.
 */
#define HASH_MAC_BYTES 32
void hash_mac(const unsigned char key[HASH_MAC_BYTES], const void *p, size_t n,
	      unsigned char out[HASH_MAC_BYTES]);
void hash_random(unsigned char *out, size_t n);

#endif
