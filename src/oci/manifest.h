/*
 * manifest.h - what a manifest or index names (OCI image-spec manifest.md,
 * image-index.md; Docker Image Manifest V2 Schema 2 and manifest list; schema 1 is
 * recognised only).
 */
#ifndef LARDER_OCI_MANIFEST_H
#define LARDER_OCI_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/platform.h"

#define MEDIATYPE_MAX 256
#define MANIFEST_MAX_BYTES (4u << 20) /* what every client and registry accepts */
#define MANIFEST_MAX_CHILDREN 10000
#define CHILD_MAX_BYTES (UINT64_C(1) << 50) /* the sum over all children fits 64 bits */

#define MEDIATYPE_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIATYPE_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIATYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIATYPE_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIATYPE_DOCKER_SCHEMA1                                                         \
	"application/vnd.docker.distribution.manifest.v1+prettyjws"

/* The Accept header that asks for all of them, best first. */
extern const char manifest_accept[];

enum manifest_kind { MANIFEST_IMAGE, MANIFEST_INDEX, MANIFEST_OLD /* schema 1 */ };

struct child {
	struct digest digest;
	uint64_t size;
	/* An entry of an index, unless its type is a layer's or a config's. */
	bool is_manifest;
	/* A layer that lives elsewhere (`urls`, or a type that says so): it need not be
	 * here. OCI image-spec layer.md "Non-Distributable Layers". */
	bool is_foreign;
	struct platform platform; /* of an index entry; empty strings where not given */
	/* An index entry that is about another one, as BuildKit's attestations are
	 * (moby/buildkit docs/attestations/attestation-storage.md). */
	bool is_attestation;
	struct digest about;
};

struct manifest {
	enum manifest_kind kind;
	char media_type[MEDIATYPE_MAX]; /* the body's own; see manifest_parse */
	struct child *child;
	size_t nchildren;
	bool has_config; /* an image's, then its first child */
	bool has_subject;
	struct digest subject;
};

/* Read a manifest's bytes. media_type is the body's `mediaType`; without one, an OCI
 * index where there is `manifests`, an OCI manifest where there is `config` or `layers`,
 * schema 1 where `schemaVersion` is 1. Children come in the document's order, config
 * first; schema 1 yields none. Null is the same as absent, and absent lists are empty.
 * Layers with `urls` (foreign) are children like others. Unknown members are passed over.
 * ERR_INVALID: not JSON, not one of these, the members of both an image and an index, a
 * child or subject without a valid digest and a size of 0 to CHILD_MAX_BYTES, or too many
 * children. ERR_LIMIT: larger than MANIFEST_MAX_BYTES.
 * Release *out with manifest_done. */
int manifest_parse(struct view body, struct manifest *out, struct err *e);
void manifest_done(struct manifest *m);

/* Of an index, the first entry for that platform that is no attestation; NULL: none. */
const struct child *manifest_platform(const struct manifest *index,
				      const struct platform *wanted);

#endif
