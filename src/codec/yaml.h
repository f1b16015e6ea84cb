/*
 * yaml.h - a YAML file as a tree of scalars, lists and maps (libyaml, sole user).
 *
 * UTF-8; limits below; aliases and several documents are refused, duplicate keys, keys
 * that are not scalars and NULs too. Scalars are text: the reader knows what type it
 * wants. A plain `~`, `null` or empty scalar is YAML_NULL. Nodes belong to the tree.
 * Line numbers start at 1; an entry of a map has its key's.
 */
#ifndef LARDER_CODEC_YAML_H
#define LARDER_CODEC_YAML_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define YAML_MAX_BYTES (1 << 20)
#define YAML_MAX_DEPTH 20    /* lists and maps around a scalar */
#define YAML_MAX_NODES 20000 /* scalars, lists and maps; keys do not count */

enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml {
	enum yaml_kind kind;
	int line;
	char *key;	    /* in a map: this entry's key */
	char *text;	    /* scalar */
	struct yaml *child; /* first entry of a list or map */
	struct yaml *next;  /* next entry of the parent */
};

/* NULL: ERR_INVALID names the line. Empty text gives a YAML_NULL node. */
struct yaml *yaml_parse(struct view text, struct err *e);
void yaml_free(struct yaml *y);
void yaml_freep(struct yaml **y);
/* NULL: absent, or not a map. */
struct yaml *yaml_get(const struct yaml *map, const char *key);

#endif
