/*
 * evidence.h - what claims to be a signature of one image, as bytes: nothing here has
 * been verified.
 *
 * Filled by inquiry.h from the store and the upstream, judged by verify.h. Everything in
 * it was chosen by whoever can write to the registry; sizes and numbers are bounded. One
 * thread at a time.
 */
#ifndef LARDER_TRUST_EVIDENCE_H
#define LARDER_TRUST_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "oci/reference.h"

#define EVIDENCE_MAX_ITEMS 64	       /* signatures of one image */
#define EVIDENCE_MAX_BODY (1u << 20)   /* bytes of one signature's blob */
#define EVIDENCE_MAX_NOTE (256u << 10) /* bytes of one annotation */
#define EVIDENCE_MAX_BYTES (8u << 20)  /* of all of them together */

enum evidence_kind {
	EVIDENCE_COSIGN,   /* a layer of the manifest under the tag sha256-<hex>.sig */
	EVIDENCE_BUNDLE,   /* a sigstore bundle */
	EVIDENCE_NOTATION, /* a notation envelope */
};

const char *evidence_word(enum evidence_kind k); /* "cosign", "bundle", "notation" */

struct evidence_item {
	enum evidence_kind kind;
	struct digest manifest; /* where it is: the signature's own manifest, ... */
	struct digest blob;	/* ... and the layer of it */
	uint64_t size;		/* as the manifest says */
	char media_type[MEDIATYPE_MAX]; /* of that layer */
	struct buf body; /* the layer's bytes, whose digest has been compared */
	/* Of a cosign layer its annotations, NULL where there is none. */
	char *signature, *certificate, *chain, *bundle, *timestamp;
	char *gap; /* its bytes could not be had, or it is malformed: why. Else NULL */
};

struct evidence {
	/* The image, as descriptors name it. */
	struct digest subject;
	char media_type[MEDIATYPE_MAX];
	uint64_t size;
	struct evidence_item *item;
	size_t n;
	size_t bytes; /* of their bodies, as their manifests say, and annotations */
	/* Something could not be looked for (an upstream is down), so that there may be
	 * more than this: why; else "". */
	char gap[480];
};

void evidence_init(struct evidence *ev, const struct digest *subject,
		   const char *media_type, uint64_t size);
void evidence_done(struct evidence *ev);

/* Add what a signature's manifest names: of the classic kind (is_tag: it was found under
 * the tag), a bundle's or notation's. Bodies are still empty. A manifest that is none of
 * these adds nothing; one that is, but malformed or about another image, adds an item
 * with a gap. ERR_LIMIT: over EVIDENCE_MAX_ITEMS; nothing is added. */
int evidence_add(struct evidence *ev, bool is_tag, const struct digest *manifest,
		 struct view body, struct err *e);
/* Its layers as they are, each of at most so many bytes, which add nothing to the sum. */
int evidence_add_layers(struct evidence *ev, const struct digest *manifest,
			struct view body, uint64_t most, struct err *e);
/* The first gap, of an item or of all; NULL: there is none. */
const char *evidence_gap(const struct evidence *ev);
/* The classic tag: "sha256-<hex>.sig". */
void evidence_tag(const struct digest *subject, char out[TAG_MAX_BYTES + 1]);

#endif
