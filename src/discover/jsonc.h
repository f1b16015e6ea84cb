/*
 * jsonc.h - JSON with comments (devcontainer.json, VS Code's files), made readable for a
 * reader of YAML, byte for byte in its place: comments become spaces. YAML takes the rest
 * as it is, commas before a bracket's end, too.
 */
#ifndef LARDER_DISCOVER_JSONC_H
#define LARDER_DISCOVER_JSONC_H

#include "base/buf.h"

/* text has n bytes and is changed in place. */
void jsonc_blank(char *text, size_t n);

#endif
