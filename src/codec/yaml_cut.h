/*
 * yaml_cut.h - where a YAML text's documents begin and end.
 *
 * A line of "---" begins a document wherever it stands, also within a block of text (YAML
 * 1.2.2, 9.1.2); so a text can be cut before it is read, and a bad document spoils no
 * other.
 */
#ifndef LARDER_CODEC_YAML_CUT_H
#define LARDER_CODEC_YAML_CUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* The piece from *at, which begins *line lines down, with what stands before its "---"
 * (comments, directives). Both are then what follows it. False: it holds nothing but
 * comments. */
bool yaml_cut_next(struct view text, size_t *at, int *line, struct view *piece);

#endif
