/*
 * rewrite.h - references in a file's text get a digest, and lose it again.
 *
 *	# larder lock: python:3.11-slim
 *	FROM python:3.11-slim@sha256:... AS build
 *
 * A pinned reference is what was written with "@DIGEST" after it: so the tag can be read,
 * by people and by programs that move such references on. Docker, BuildKit, containerd,
 * kaniko, CRI-O, and Podman and Buildah since 3.3 and 1.22 take the digest and pass over
 * the tag. The comment above it says what was written: with it a reference is known as
 *one that was pinned here, and a text that was pinned and unpinned is the same, byte for
 *byte. References with a digest but no comment are their author's and stay.
 *
 * A comment may stand above any line here: between the lines of a Dockerfile's
 *instruction and of YAML in blocks, in devcontainer.json, and in image lists.
 */
#ifndef LARDER_DISCOVER_REWRITE_H
#define LARDER_DISCOVER_REWRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "discover/find.h"

struct rewrite_place {
	size_t off, len;    /* the reference as it stands in the text, perhaps pinned */
	const char *digest; /* "sha256:..." */
};

/* The reference that was written where f now has it, if it was pinned here; n 0: it was
 * not. Part of text. */
struct view rewrite_written(struct view text, const struct find *f);
/* Why f, which may be pinned already, cannot be: in words, static; NULL: it can. */
const char *rewrite_why_not(struct view text, const struct find *f);

/* text with places pinned, which are in their order, each once, and may be pinned. kind
 * is that of the file, for its comments. What is pinned there gets the new digest. -1:
 * over out's limit. */
int rewrite_pin(struct view text, enum find_kind kind, const struct rewrite_place *place,
		size_t n, struct buf *out);
/* text as it was before; *n: how many references. A comment whose reference has been
 * changed since stays, and is counted in *left. -1: over out's limit. */
int rewrite_unpin(struct view text, struct buf *out, size_t *n, size_t *left);

#endif
