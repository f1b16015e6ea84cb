/*
 * toml.h - the outline of a TOML file (toml.io v1.0.0): which tables and keys there are
 * and where they stand, so that lines can be put in between and conflicts be found.
 *
 * Values are told apart but not judged: what is wrong inside one is left to the client
 * that reads the file.
 */
#ifndef LARDER_CLIENTS_TOML_H
#define LARDER_CLIENTS_TOML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define TOML_MAX_PARTS 16	/* of a dotted name, its table's included */
#define TOML_MAX_NAME_BYTES 512 /* of all parts together */

struct toml_name {
	char bytes[TOML_MAX_NAME_BYTES]; /* the parts, unquoted, each ended by a NUL */
	size_t used;
	size_t n;
};

enum toml_kind { TOML_TABLE, TOML_ENTRY_TABLE /* [[name]] */, TOML_KEY };

struct toml_item {
	enum toml_kind kind;
	struct toml_name name; /* of a key: with its table's */
	size_t own;	   /* of a key: how many parts of it its table does not have */
	struct view value; /* of a key, as written */
	size_t start, end; /* its lines in the text */
	unsigned line;
};

struct toml {
	struct view text; /* borrowed */
	size_t at;
	unsigned line;
	struct toml_name table; /* that keys now belong to */
};

/* struct toml t = { .text = text }; 1: an item; 0: the end; -1: ERR_INVALID with line and
 * column. */
int toml_next(struct toml *t, struct toml_item *out, struct err *e);

const char *toml_part(const struct toml_name *name, size_t i); /* "" beyond the last */
/* The name begins with these parts (NULL ends them), and has at least as many. */
bool toml_starts(const struct toml_name *name, const char *const *parts);
/* The text of a one-line string value, without its quotes; false: it is none. */
bool toml_string(struct view value, struct view *out);

#endif
