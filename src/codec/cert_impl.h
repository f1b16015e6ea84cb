/*
 * cert_impl.h - for the cert*.c files.
 */
#ifndef LARDER_CODEC_CERT_IMPL_H
#define LARDER_CODEC_CERT_IMPL_H

#include <openssl/x509.h>

#include "codec/cert.h"

struct cert {
	X509 *x;
	struct buf der;
	struct pubkey *key;
	int64_t from_s, until_s;
};

#endif
