/*
 * pubkey.h - public keys and signatures by them (libcrypto).
 *
 * ECDSA over P-256, P-384 and P-521, Ed25519, and RSA of 2,048 to 8,192 bits; other keys
 * are refused when they are read. A key never changes; any thread.
 */
#ifndef LARDER_CODEC_PUBKEY_H
#define LARDER_CODEC_PUBKEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define PUBKEY_MAX_BYTES (16u << 10) /* of PEM or DER */
#define PUBKEY_ID_BYTES 32

enum pubkey_kind { PUBKEY_P256, PUBKEY_P384, PUBKEY_P521, PUBKEY_ED25519, PUBKEY_RSA };
enum pubkey_hash { PUBKEY_SHA256, PUBKEY_SHA384, PUBKEY_SHA512 };

enum pubkey_form {
	PUBKEY_PLAIN, /* ECDSA: DER (RFC 3279); RSA: PKCS #1 v1.5 (RFC 8017) */
	PUBKEY_JOSE,  /* ECDSA: r and s side by side; RSA: PSS, its salt as long as the
			 hash (RFC 7518, sections 3.4 and 3.5) */
};

struct pubkey;

/* SubjectPublicKeyInfo (RFC 5280), with nothing after it. ERR_INVALID: it is none, or a
 * key that is not taken. */
int pubkey_read_der(struct view der, struct pubkey **out, struct err *e);
/* One "PUBLIC KEY" block and nothing but it. */
int pubkey_read_pem(struct view pem, struct pubkey **out, struct err *e);
void pubkey_free(struct pubkey *k); /* NULL is fine */
void pubkey_freep(struct pubkey **k);

enum pubkey_kind pubkey_kind(const struct pubkey *k);
/* Its SubjectPublicKeyInfo; lives as long as the key. */
struct view pubkey_der(const struct pubkey *k);
/* SHA-256 of that: how logs and people name keys. */
const unsigned char *pubkey_id(const struct pubkey *k);
bool pubkey_equal(const struct pubkey *a, const struct pubkey *b);
/* The hash that goes with the key where nobody says another: as strong as its curve. */
enum pubkey_hash pubkey_usual_hash(const struct pubkey *k);

/* Is sig the key's over text? The hash is not used with Ed25519. -1: ERR_DENIED, it is
 * not; ERR_INVALID: sig has not the form of one. */
int pubkey_verify(const struct pubkey *k, enum pubkey_hash hash, enum pubkey_form form,
		  struct view text, struct view sig, struct err *e);

/* The same where only the text's SHA-256 is known. Not with Ed25519, which signs texts:
 * ERR_INVALID. */
int pubkey_verify_digest(const struct pubkey *k, const unsigned char digest[32],
			 struct view sig, struct err *e);

#define PUBKEY_HASH_MAX 64
size_t pubkey_hash_size(enum pubkey_hash hash);
/* The hash of text. */
void pubkey_hash(enum pubkey_hash hash, struct view text,
		 unsigned char out[PUBKEY_HASH_MAX]);

#endif
