/*
 * heredoc.h - which here-documents an instruction of a Dockerfile begins (BuildKit's
 * parser.go, heredocsFromLine).
 *
 * RUN, COPY and ADD have them, also after ONBUILD, but not in the form of a JSON list. A
 * word that begins with <<, or digits and <<, names what ends one; quotes are taken away.
 */
#ifndef LARDER_DISCOVER_HEREDOC_H
#define LARDER_DISCOVER_HEREDOC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define HEREDOC_MAX 16	     /* of one instruction; further ones are none */
#define HEREDOC_MAX_NAME 127 /* bytes; a longer one is none */

struct heredoc {
	char name[HEREDOC_MAX_NAME + 1];
	bool tabs; /* <<-: before the end there may be tabs */
};

/* How many. */
size_t heredoc_read(struct view instruction, struct heredoc out[HEREDOC_MAX]);

#endif
