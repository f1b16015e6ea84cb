/*
 * trustroot.h - the authorities and logs that certificates and entries must come from:
 * sigstore's trusted_root.json (protobuf-specs "TrustedRoot"), or PEM files.
 *
 * Never changes once it is filled; any thread.
 */
#ifndef LARDER_TRUST_TRUSTROOT_H
#define LARDER_TRUST_TRUSTROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "codec/cert.h"
#include "codec/pubkey.h"

#define TRUSTROOT_MAX_BYTES (1u << 20)
#define TRUSTROOT_MAX 32 /* of each: authorities, logs */
#define TRUSTROOT_ID_BYTES 32
#define TRUSTROOT_HOST_MAX 256

struct trustroot_authority {
	struct cert_list roots;	  /* one, from trusted_root.json */
	struct cert_list between; /* below it */
	int64_t from_s, until_s;  /* only then is it believed */
};

struct trustroot_log {
	struct pubkey *key;
	unsigned char id[TRUSTROOT_ID_BYTES];
	char host[TRUSTROOT_HOST_MAX]; /* of its URL; "" where none is said */
	int64_t from_s, until_s;
};

struct trustroot {
	struct trustroot_authority authority[TRUSTROOT_MAX]; /* of certificates */
	size_t nauthorities;
	struct trustroot_authority clock[TRUSTROOT_MAX]; /* of timestamps */
	size_t nclocks;
	struct trustroot_log log[TRUSTROOT_MAX]; /* of signatures (Rekor) */
	size_t nlogs;
	struct trustroot_log ctlog[TRUSTROOT_MAX]; /* of certificates */
	size_t nctlogs;
};

/* Add what it names. ERR_INVALID: not one, or of another version; a log with a key that
 * is not taken is passed over, since nothing by it can be believed either. *t is zeroed
 * before the first; trustroot_done in any case. */
int trustroot_read_json(struct trustroot *t, struct view json, struct err *e);
/* PEM: certificates, of which those that are self-issued are roots. */
int trustroot_read_ca(struct trustroot *t, struct view pem, struct err *e);
/* PEM: one or more public keys of transparency logs. */
int trustroot_read_log(struct trustroot *t, struct view pem, struct err *e);
void trustroot_done(struct trustroot *t);

/* NULL: not known. */
const struct trustroot_log *trustroot_find_log(
	const struct trustroot *t, const unsigned char id[TRUSTROOT_ID_BYTES]);

/* Was leaf, used at that time, given out by one of the authorities, by way of `between`
 * or of what the root itself names, and promised to a certificate log where the root
 * names any? Each of `between` must be part of the chain. ERR_DENIED. */
int trustroot_certify(const struct trustroot *t, const struct cert *leaf,
		      const struct cert_list *between, int64_t at_s, struct err *e);

/* A timestamp over these bytes by one of the timestamp authorities; *at_ms: when. */
int trustroot_timestamp(const struct trustroot *t, struct view response, struct view over,
			int64_t *at_ms, struct err *e);

#endif
