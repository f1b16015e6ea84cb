/*
 * bound.c - from a blob's digest back to a manifest.  No state of its own.
 */
#include "mirror/bound.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "oci/manifest.h"
#include "store/list.h"
#include "store/mstore.h"

#define MOST 1024

static void note(struct store *s, struct sizes *sizes, const struct reponame *name,
		 const char *text)
{
	struct manifest parsed;
	struct stored *m;
	struct digest d;

	if (digest_parse((struct view){ text, strlen(text) }, &d, NULL) != 0 ||
	    mstore_peek(s, name, &d, &m, NULL) != 0)
		return;
	if (manifest_parse((struct view){ m->body, m->n }, &parsed, NULL) == 0) {
		sizes_note(sizes, &parsed);
		manifest_done(&parsed);
	}
	stored_unref(m);
}

uint64_t bound_of(struct store *s, struct sizes *sizes, const struct reponame *name,
		  const struct digest *d, uint64_t otherwise)
{
	CLEANUP(buf_done)
	struct buf digests = BUF_INIT(LIST_MAX_BYTES);
	uint64_t bound = sizes_get(sizes, d, 0);
	const char *p, *end;
	bool more;

	if (bound > 0 || list_manifests(s, name, "", MOST, &digests, &more, NULL) != 0)
		return bound > 0 ? bound : otherwise;
	end = digests.p + digests.n;
	for (p = digests.p; p < end && bound == 0; p += strlen(p) + 1) {
		note(s, sizes, name, p);
		bound = sizes_get(sizes, d, 0);
	}
	return bound > 0 ? bound : otherwise;
}
