/*
 * ocierr.c - error codes and their JSON.  Owns nothing.
 */
#include "oci/ocierr.h"

#include <string.h>

static const char *const words[] = {
	[OCIERR_BLOB_UNKNOWN] = "BLOB_UNKNOWN",
	[OCIERR_BLOB_UPLOAD_INVALID] = "BLOB_UPLOAD_INVALID",
	[OCIERR_BLOB_UPLOAD_UNKNOWN] = "BLOB_UPLOAD_UNKNOWN",
	[OCIERR_DIGEST_INVALID] = "DIGEST_INVALID",
	[OCIERR_MANIFEST_BLOB_UNKNOWN] = "MANIFEST_BLOB_UNKNOWN",
	[OCIERR_MANIFEST_INVALID] = "MANIFEST_INVALID",
	[OCIERR_MANIFEST_UNKNOWN] = "MANIFEST_UNKNOWN",
	[OCIERR_NAME_INVALID] = "NAME_INVALID",
	[OCIERR_NAME_UNKNOWN] = "NAME_UNKNOWN",
	[OCIERR_SIZE_INVALID] = "SIZE_INVALID",
	[OCIERR_UNAUTHORIZED] = "UNAUTHORIZED",
	[OCIERR_DENIED] = "DENIED",
	[OCIERR_UNSUPPORTED] = "UNSUPPORTED",
	[OCIERR_TOOMANYREQUESTS] = "TOOMANYREQUESTS",
	[OCIERR_TAG_INVALID] = "TAG_INVALID",
	[OCIERR_UNAVAILABLE] = "UNAVAILABLE",
	[OCIERR_UNKNOWN] = "UNKNOWN",
};

const char *ocierr_word(enum ocierr_code code)
{
	return words[code];
}

static int add_string(struct buf *out, const char *name, const char *s)
{
	if (buf_addf(out, ",\"%s\":\"", name) != 0 ||
	    buf_add_json(out, s, strlen(s)) != 0)
		return -1;
	return buf_adds(out, "\"");
}

int ocierr_body(struct buf *out, enum ocierr_code code, const char *message,
		const char *detail)
{
	size_t before = out->n;

	if (buf_addf(out, "{\"errors\":[{\"code\":\"%s\"", words[code]) == 0 &&
	    add_string(out, "message", message) == 0 &&
	    (detail == NULL || add_string(out, "detail", detail) == 0) &&
	    buf_adds(out, "}]}\n") == 0)
		return 0;
	out->n = before;
	if (out->p != NULL)
		out->p[before] = '\0';
	return -1;
}
