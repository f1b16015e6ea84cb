/*
 * yaml.h - a YAML file as a tree of scalars, lists and maps (libyaml, sole user).
 *
 * UTF-8; limits below; keys that are not scalars and NULs are refused. Scalars are text:
 * the reader knows what type it wants. A plain `~`, `null` or empty scalar is YAML_NULL.
 * Nodes belong to the tree. Line numbers start at 1; an entry of a map has its key's.
 *
 * yaml_parse is for our own files and strict: aliases, a second document and duplicate
 * keys are refused, too. yaml_next is for other people's files.
 */
#ifndef LARDER_CODEC_YAML_H
#define LARDER_CODEC_YAML_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define YAML_MAX_BYTES (1 << 20)
#define YAML_MAX_DEPTH 20    /* lists and maps around a scalar */
#define YAML_MAX_NODES 20000 /* scalars, lists and maps; keys do not count */

/* For each document of yaml_next, what aliases stand for counted in. */
#define YAML_FOREIGN_MAX_BYTES (4 << 20)
#define YAML_FOREIGN_MAX_DEPTH 64
#define YAML_FOREIGN_MAX_NODES 300000
#define YAML_FOREIGN_MAX_COPIED (4 << 20) /* bytes of text that aliases repeat */

enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml {
	enum yaml_kind kind;
	int line;
	char *key;  /* in a map: this entry's key */
	char *text; /* scalar */
	char *tag;  /* "!reference"; by yaml_next alone, NULL: none of its own */
	/* Of a scalar: where in the text it stands, in bytes, without quotes, if it
	 * stands there letter by letter; else len 0. Of what an alias stands for: the
	 * original. */
	size_t at, len;
	struct yaml *child; /* first entry of a list or map */
	struct yaml *next;  /* next entry of the parent */
};

/* NULL: ERR_INVALID names the line. Empty text gives a YAML_NULL node. */
struct yaml *yaml_parse(struct view text, struct err *e);

/* The documents of a text, one after the other. */
struct yaml_reader {
	struct view text;
	size_t at; /* what is read, in bytes */
	int line;  /* lines before that */
};

/* 1: *out is the next document (yaml_free). 0: no more. -1: this one is no YAML, or over
 * a limit; *e, ERR_INVALID, names the line of the text; the next call goes on after it.
 * Aliases are put in place, merges ("<<") too, and of a key that is there twice the last
 * counts: the earlier one becomes a YAML_NULL with "" for a key. Documents that hold only
 * comments are passed over. */
int yaml_next(struct yaml_reader *r, struct yaml **out, struct err *e);

void yaml_free(struct yaml *y);
void yaml_freep(struct yaml **y);
/* NULL: absent, or not a map. */
struct yaml *yaml_get(const struct yaml *map, const char *key);

#endif
