/*
 * platform.h - operating system, architecture and variant (OCI image-spec
 * image-index.md).
 */
#ifndef LARDER_OCI_PLATFORM_H
#define LARDER_OCI_PLATFORM_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct platform {
	/* "" where not given; longer values are cut. */
	char os[32], arch[32], variant[32];
};

/* "linux/amd64", "linux/arm/v7"; ERR_INVALID otherwise. */
int platform_parse(struct view text, struct platform *out, struct err *e);
/* "linux/amd64, linux/arm/v7": up to max of them into out, whose content is undefined
 * after ERR_INVALID or ERR_LIMIT. */
int platform_list(struct view text, struct platform *out, size_t max, size_t *n,
		  struct err *e);
void platform_text(const struct platform *p, char out[100]);
/* Does an index entry `have` serve a wish `want`? arm64 without variant equals v8; an
 * empty variant in the wish takes any. */
bool platform_match(const struct platform *have, const struct platform *want);

#endif
