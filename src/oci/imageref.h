/*
 * imageref.h - an image as people write it: [HOST/]NAME[:TAG][@DIGEST].
 *
 * The rule for a host is Docker's: the first component is one if it has a "." or a ":" or
 * is "localhost", and something follows it (distribution/reference "normalized names").
 */
#ifndef LARDER_OCI_IMAGEREF_H
#define LARDER_OCI_IMAGEREF_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/reference.h"

#define IMAGEREF_TEXT_MAX (256 + NAME_MAX_BYTES + TAG_MAX_BYTES + DIGEST_TEXT_MAX + 4)

struct imageref {
	char host[256]; /* canonical (registry_host_parse); "" where none was written */
	struct reponame name;	     /* as written: "python", not "library/python" */
	char tag[TAG_MAX_BYTES + 1]; /* "latest" where neither was written, "" beside a
					digest alone */
	bool has_digest;
	struct digest digest;
};

/* ERR_INVALID names the text and what is wrong with it. */
int imageref_parse(struct view text, struct imageref *out, struct err *e);
/* As it was written, but for a host's other spellings and a missing tag. */
void imageref_text(const struct imageref *r, char out[IMAGEREF_TEXT_MAX]);
/* The same without tag and digest. */
void imageref_name(const struct imageref *r, char out[IMAGEREF_TEXT_MAX]);
/* The one way to write it in full: a host ("docker.io" where none was written), its
 * "library/" where that is left out, and the tag that was written. ERR_INVALID: longer
 * than a name may be. */
int imageref_canonical(const struct imageref *r, struct imageref *out, struct err *e);
/* What to ask for: the digest where there is one. */
struct reference imageref_reference(const struct imageref *r);

#endif
