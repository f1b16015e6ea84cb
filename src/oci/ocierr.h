/*
 * ocierr.h - the error body of the distribution specification ("Error Codes").
 */
#ifndef LARDER_OCI_OCIERR_H
#define LARDER_OCI_OCIERR_H

#include "base/buf.h"

enum ocierr_code {
	OCIERR_BLOB_UNKNOWN,
	OCIERR_BLOB_UPLOAD_INVALID,
	OCIERR_BLOB_UPLOAD_UNKNOWN,
	OCIERR_DIGEST_INVALID,
	OCIERR_MANIFEST_BLOB_UNKNOWN,
	OCIERR_MANIFEST_INVALID,
	OCIERR_MANIFEST_UNKNOWN,
	OCIERR_NAME_INVALID,
	OCIERR_NAME_UNKNOWN,
	OCIERR_SIZE_INVALID,
	OCIERR_UNAUTHORIZED,
	OCIERR_DENIED,
	OCIERR_UNSUPPORTED,
	OCIERR_TOOMANYREQUESTS,
	OCIERR_TAG_INVALID, /* as registry:2 says it; not in the specification's table */
	OCIERR_UNAVAILABLE, /* registry:2's word for 5xx; the specification has none */
	OCIERR_UNKNOWN,
};

const char *ocierr_word(enum ocierr_code code); /* "BLOB_UNKNOWN" */
/* {"errors":[{"code":"…","message":"…","detail":…}]}\n ; detail NULL: left out, else a
 * string. Appends; -1: over out's limit. */
int ocierr_body(struct buf *out, enum ocierr_code code, const char *message,
		const char *detail);

#endif
