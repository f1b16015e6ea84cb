/*
 * manifest_try.h - a small image and an index, as bytes, for tests of the store.
 */
#ifndef LARDER_TESTS_MANIFEST_TRY_H
#define LARDER_TESTS_MANIFEST_TRY_H

#include "oci/manifest.h"
#include "store/mcache.h"

#define TRY_HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TRY_HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define TRY_CONFIG "sha256:" TRY_HEX_A
#define TRY_LAYER "sha256:" TRY_HEX_B

#define TRY_IMAGE                                                                        \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIATYPE_OCI_MANIFEST                   \
	"\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","     \
	"\"digest\":\"" TRY_CONFIG "\",\"size\":1},\"layers\":[{\"mediaType\":"          \
	"\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"" TRY_LAYER        \
	"\",\"size\":2}]}"
#define TRY_INDEX                                                                        \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIATYPE_OCI_INDEX                      \
	"\",\"manifests\":[{\"mediaType\":\"" MEDIATYPE_OCI_MANIFEST                     \
	"\",\"digest\":\"" TRY_LAYER "\",\"size\":2}]}"

static inline struct stored *try_stored(const char *text, const char *media_type)
{
	struct digest d;

	digest_of(HASH_SHA256, text, strlen(text), &d);
	return stored_new(&d, media_type, view_of(text));
}

#endif
