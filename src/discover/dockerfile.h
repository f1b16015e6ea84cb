/*
 * dockerfile.h - the images that a Dockerfile or Containerfile names.
 *
 * FROM, COPY --from, RUN --mount from, the same after ONBUILD, and the "# syntax="
 * directive, whose image does the build. Not: stages (by name, in any case, or in COPY by
 * number), scratch, and named contexts. Source: BuildKit's frontend/dockerfile (parser,
 * instructions, dockerfile2llb).
 */
#ifndef LARDER_DISCOVER_DOCKERFILE_H
#define LARDER_DISCOVER_DOCKERFILE_H

#include "discover/reading.h"
#include "discover/vars.h"
#include "oci/platform.h"

#define DOCKERFILE_MAX_STAGES 10000 /* names; of what is over, no name is known */

struct dockerfile {
	const struct vars *args;     /* what ARGs are given (--build-arg); may be NULL */
	const struct vars *contexts; /* names that are something else; may be NULL */
	/* For TARGETPLATFORM, BUILDPLATFORM and their parts. */
	struct platform target, build;
	/* Nobody asked for that target: --platform=$TARGETPLATFORM says nothing. */
	bool any_platform;
};

/* r->text is the file's. */
void dockerfile_read(struct reading *r, const struct dockerfile *d);

#endif
