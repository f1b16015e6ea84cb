/*
 * gate_about.h - manifests that are about an image and no image: signatures,
 * attestations, bills of materials. Pure.
 */
#ifndef LARDER_TRUST_GATE_ABOUT_H
#define LARDER_TRUST_GATE_ABOUT_H

#include <stdbool.h>

#include "base/buf.h"

/* One that only tools for signatures know: "sha256-<hex>.sig", .att, .sbom. NULL: no. */
bool gate_about_tag(const char *tag);
/* No engine could run it: no layer's type is a file system's, and its configuration's is
 * none of an image's; or that, where it is asked for by such a tag (NULL: by digest). A
 * member that is not known makes it an image: another reader may know it. */
bool gate_about_is(struct view body, const char *tag);
/* Of one that is: nothing but what its layers hold keeps an engine from running it.
 * Docker and Podman do not look at their types. */
bool gate_about_could_run(struct view body);

#endif
