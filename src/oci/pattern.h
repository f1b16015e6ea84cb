/*
 * pattern.h - globs over image names, as settings use them.
 *
 * "*" is any run of characters without "/", also an empty one; "**" any run, with "/"
 * too; "?" one character that is not "/". All else stands for itself, and the whole text
 * must match. A ":" after the last "/" begins the part that the tag has to match; a
 * pattern without one matches every tag. Time is the product of the lengths, at worst.
 */
#ifndef LARDER_OCI_PATTERN_H
#define LARDER_OCI_PATTERN_H

#include <stdbool.h>

#include "base/err.h"

#define PATTERN_MAX_BYTES 512

/* ERR_INVALID: empty, too long, or with characters that no image name has. */
int pattern_check(const char *pattern, struct err *e);
/* The pattern has a tag part. */
bool pattern_has_tag(const char *pattern);
/* Against a repository name (or host/name); a tag part of the pattern is ignored. */
bool pattern_match_name(const char *pattern, const char *name);
/* Against host/name:tag; host NULL: against name:tag. */
bool pattern_match_tag(const char *pattern, const char *host, const char *name,
		       const char *tag);

/* Against an image as it is listed: a name and, unless it is "", a tag. Without a tag,
 * patterns that have one match nothing. */
bool pattern_match_image(const char *pattern, const char *name, const char *tag);

/* The pattern's signs over any text of at most 1,024 bytes: no part of it is a tag. */
bool pattern_match_text(const char *pattern, const char *text);

#endif
