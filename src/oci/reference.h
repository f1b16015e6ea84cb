/*
 * reference.h - repository names, tags and what stands after /manifests/
 * (OCI distribution-spec "Pulling manifests").
 */
#ifndef LARDER_OCI_REFERENCE_H
#define LARDER_OCI_REFERENCE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"

#define NAME_MAX_BYTES 255
#define TAG_MAX_BYTES 128

/* A repository name that matches the grammar; made only by reponame_parse. */
struct reponame {
	char s[NAME_MAX_BYTES + 1];
};

/* [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* joined by "/", at most 255 bytes, or
 * ERR_INVALID. */
int reponame_parse(struct view text, struct reponame *out, struct err *e);

/* A tag or a digest. */
struct reference {
	bool is_digest;
	struct digest digest;
	char tag[TAG_MAX_BYTES + 1];
};

/* With a ":" it must be a digest, else a tag [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}. */
int reference_parse(struct view text, struct reference *out, struct err *e);
/* As written: the tag, or the digest's text. */
void reference_text(const struct reference *r, char out[DIGEST_TEXT_MAX]);

/* A registry host as in image names and `?ns=`: DNS name, IPv4 or [IPv6], optional port,
 * at most 255 bytes, lower-cased into out; "index.docker.io" and "registry-1.docker.io"
 * become "docker.io". ERR_INVALID otherwise. */
int registry_host_parse(struct view text, char out[256], struct err *e);
/* Of such a host: is it this machine itself (localhost, 127.0.0.0/8, [::1])? */
bool registry_host_is_loopback(struct view host);

#endif
