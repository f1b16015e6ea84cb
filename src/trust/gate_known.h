/*
 * gate_known.h - what has been found of manifests, for a while: within a repository, by
 * policy or for whoever asks by digest. Any thread.
 */
#ifndef LARDER_TRUST_GATE_KNOWN_H
#define LARDER_TRUST_GATE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "oci/digest.h"
#include "oci/reference.h"

struct gate_known;

struct gate_known *gate_known_new(size_t limit);
void gate_known_free(struct gate_known *k);
void gate_known_clear(struct gate_known *k);

/* By which policy, of which reading of them; NULL: asked for by digest. tool: by a tag of
 * tools (gate_about_tag). Only names here. */
struct gate_known_key {
	unsigned long serial;
	const void *policy;
	bool tool;
	const struct reponame *name;
	const struct digest *digest;
};

typedef char gate_known_text[NAME_MAX_BYTES + DIGEST_TEXT_MAX + 64];
void gate_known_key_text(gate_known_text out, const struct gate_known_key *key);

enum gate_known_answer { GATE_UNKNOWN, GATE_YES, GATE_NO };

/* why: what was put. */
enum gate_known_answer gate_known_get(struct gate_known *k,
				      const struct gate_known_key *key, int64_t now_ms,
				      char *why, size_t n);
void gate_known_put(struct gate_known *k, const struct gate_known_key *key, bool yes,
		    const char *why, int64_t until_ms);
#define GATE_KNOWN_CHILDREN 256

/* A yes by digest for a manifest and for what it names, where it is an index: the first
 * so many, so that none takes all the room. */
void gate_known_put_all(struct gate_known *k, unsigned long serial,
			const struct reponame *name, const struct digest *d,
			struct view body, int64_t until_ms);

#endif
