/*
 * cert.h - X.509 certificates (RFC 5280; libcrypto): what they say, and whether one was
 * given out by an authority that is trusted.
 *
 * Nothing is trusted but what the caller gives: the system's roots are not looked at, and
 * no revocation is asked for. A certificate never changes; any thread.
 */
#ifndef LARDER_CODEC_CERT_H
#define LARDER_CODEC_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "codec/pem.h"
#include "codec/pubkey.h"

#define CERT_MAX_BYTES (64u << 10) /* DER of one */
#define CERT_MAX_LIST 32
#define CERT_MAX_NAMES 8
#define CERT_TEXT_MAX 512

struct cert;

struct cert_list {
	struct cert *cert[CERT_MAX_LIST];
	size_t n;
};

/* DER with nothing after it. ERR_INVALID: not a certificate, or one with a key that is
 * not taken (codec/pubkey.h). */
int cert_read_der(struct view der, struct cert **out, struct err *e);
void cert_free(struct cert *c); /* NULL is fine */
void cert_freep(struct cert **c);
/* Append it. Taken over, also on failure: ERR_LIMIT. */
int cert_list_add(struct cert_list *l, struct cert *c, struct err *e);
/* Append the certificates of a PEM text, one at least. PEM_EXACT: no other blocks. */
int cert_list_read(struct cert_list *l, struct view pem, enum pem_rule rule,
		   struct err *e);
void cert_list_done(struct cert_list *l); /* empty and usable again */

struct view cert_der(const struct cert *c);
bool cert_equal(const struct cert *a, const struct cert *b);
const struct pubkey *cert_key(const struct cert *c); /* as long as the certificate */
int64_t cert_from_s(const struct cert *c);	     /* seconds since 1970, UTC */
int64_t cert_until_s(const struct cert *c);
bool cert_is_self_issued(const struct cert *c); /* subject and issuer are one name */
/* "CN=signer,O=acme,C=US" (RFC 2253), cut where it is too long. */
void cert_subject(const struct cert *c, char out[CERT_TEXT_MAX]);
/* Has the subject each attribute of "C=US, ST=WA, O=acme"? A "\" stands before a "," or
 * "\" of a value. ERR_INVALID: wanted is not of that form; ERR_DENIED: it has not. */
int cert_name_matches(const struct cert *c, const char *wanted, struct err *e);

/* Who holds it, as Fulcio writes it (sigstore/fulcio docs/oid-info.md). */
struct cert_names {
	/* Subject alternative names: URI, e-mail, DNS, and the otherName
	 * 1.3.6.1.4.1.57264.1.7. */
	char name[CERT_MAX_NAMES][CERT_TEXT_MAX];
	size_t n;
	/* Who vouched: 1.3.6.1.4.1.57264.1.8, or .1.1 where that is missing; "": neither.
	 */
	char issuer[CERT_TEXT_MAX];
};

/* ERR_INVALID: an extension that is malformed or comes twice, names with control
 * characters, other kinds of names; ERR_LIMIT: too many or too long. */
int cert_names(const struct cert *c, struct cert_names *out, struct err *e);

enum cert_use {
	CERT_FOR_CODE,	   /* codeSigning must be there (Fulcio) */
	CERT_FOR_NOTATION, /* codeSigning, or no extended key usage at all; notation's
			      rules ("Certificate Requirements") */
};

/* Borrowed from those given to cert_chain_find; the leaf first, the root last. */
struct cert_chain {
	const struct cert *cert[CERT_MAX_LIST];
	size_t n;
};

/* A chain from leaf by way of `between` to one of `roots`, each valid at that time (RFC
 * 5280 section 6), none weaker than 112 bits; the leaf is no authority and may sign;
 * authorities that say what for may give out such certificates. ERR_DENIED: there is
 * none; the message says which certificate is in the way. */
int cert_chain_find(const struct cert *leaf, const struct cert_list *between,
		    const struct cert_list *roots, int64_t at_s, enum cert_use use,
		    struct cert_chain *out, struct err *e);

/* Has one of these logs promised to list the certificate (RFC 6962 section 3.2,
 * embedded)? issuer: the next in its chain. *at_ms: when. ERR_DENIED: no log did. */
int cert_sct_check(const struct cert *leaf, const struct cert *issuer,
		   const struct pubkey *const *key, size_t nkeys, int64_t *at_ms,
		   struct err *e);

#endif
