/*
 * referrer.h - a manifest described for the list of what refers to its subject (OCI
 * distribution-spec "Listing Referrers").
 */
#ifndef LARDER_OCI_REFERRER_H
#define LARDER_OCI_REFERRER_H

#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/reference.h"

/* Appends the descriptor's JSON object to json and the artifact type to type ("" where
 * there is none): the manifest's own; for an image without, its config's mediaType.
 * Annotations that are not strings are left out. ERR_INVALID: body is not a manifest;
 * ERR_LIMIT: does not fit. */
int referrer_describe(struct view body, const char *media_type, const struct digest *d,
		      struct buf *json, struct buf *type, struct err *e);
/* The descriptors of an index, as a registry's answer or as the list under that tag:
 * appended to out, for each its artifact type and its JSON with a NUL after each. What a
 * descriptor has besides the members that a client needs is left out. ERR_INVALID: not an
 * index, or one of its descriptors is none. */
int referrer_list(struct view index, struct buf *out, struct err *e);
/* The tag under which clients keep the list where a registry does not
 * ("Referrers Tag Schema"). */
void referrer_tag(const struct digest *subject, char out[TAG_MAX_BYTES + 1]);

#endif
