/*
 * push.h - the client's side of a push to a registry
 * (OCI distribution-spec "Pushing blobs", "Mounting a blob", "Pushing manifests").
 *
 * Calls block, from any thread, and dance as upstream.h says: token, request, one fresh
 * token after a 401. Tokens are asked for with scope "pull,push" for the repository (and
 * "pull" for the one that is mounted from). No call retries otherwise; all of them may be
 * made again after a failure (upstream/retry.h): an upload begins anew, from its file.
 *
 * Uploads go as one POST and one PUT of known length: registry:2 and 3, Harbor, zot, ghcr
 * and Docker Hub take that (it is containerd's way), and it needs no more memory than a
 * buffer. The Location of a session must be of the registry's own origin (where it says
 * http for what is reached by https, as registries behind a TLS proxy do, https it is);
 * redirects as well: bytes and credentials go nowhere else.
 *
 * Errors beyond upstream.h's: DENIED for credentials that may not push. INVALID for what
 * will not get better: 405 (the registry takes no pushes: a pull-through cache, or read
 * only), 413, a manifest or name that it refuses, a session or redirect elsewhere.
 * CORRUPT: the registry computed another digest. Messages carry the registry's own words.
 */
#ifndef LARDER_UPSTREAM_PUSH_H
#define LARDER_UPSTREAM_PUSH_H

#include <stdatomic.h>

#include "upstream/upstream.h"

/* As upstream_head_manifest, with the scope of a push: a repository that is yet to be
 * made is NOT_FOUND to those who may make it. So is what is answered with 500,
 * registry:2's word for much. */
int push_head_manifest(struct upstream *u, const struct reponame *name,
		       const struct reference *ref, int64_t deadline_ms,
		       struct upstream_manifest *out, struct err *e);

/* HEAD. False where the registry says so, and where it will not say (401, 403, 405 and
 * 500 to HEAD are some registries' way): the upload will tell. */
int push_has_blob(struct upstream *u, const struct reponame *name, const struct digest *d,
		  int64_t deadline_ms, bool *has, struct err *e);

struct push_blob {
	const struct reponame *name;
	const struct reponame *from; /* of the same registry, to mount it from; or NULL */
	const struct digest *digest;
	int fd; /* read by offset from 0 on; stays open */
	uint64_t size;
	atomic_ullong *sent; /* grows as bytes go; what is sent again counts again; or
				NULL */
};

/* Bring the blob there, mounted if that works, else sent. *mounted says which (may be
 * NULL). No overall deadline: the stall limit bounds it, and for the answer after the
 * last byte a minute, and one more for each 600 MiB, to fifteen. */
int push_blob(struct upstream *u, const struct push_blob *b, bool *mounted,
	      struct err *e);

struct push_manifest {
	const struct reponame *name;
	const struct reference *ref; /* the tag, or the digest itself */
	const struct digest *digest; /* of body */
	const char *media_type;
	struct view body;
};

/* CORRUPT: it was taken, but the registry calls it by another digest. */
int push_manifest(struct upstream *u, const struct push_manifest *m, int64_t deadline_ms,
		  struct err *e);

/* What goes after a session's Location, resolved against where it came from: the URL of
 * the PUT, into out. ERR_UPSTREAM: no Location; ERR_INVALID: another origin's. Pure. */
int push_location(const char *from, struct view location, const struct digest *d,
		  struct buf *out, struct err *e);

#endif
