/*
 * vuln_osv.h - one advisory in the format of OSV (ossf/osv-schema docs/schema.md, as of
 * 1.7): which versions of which packages have it.
 */
#ifndef LARDER_TRUST_VULN_OSV_H
#define LARDER_TRUST_VULN_OSV_H

#include <stdbool.h>

#include "codec/json.h"
#include "trust/vuln.h"

struct vuln_count;

bool vuln_osv_is(const struct json *doc);
/* What it says of the images' packages. One that is withdrawn, or broken, is counted and
 * says nothing. ERR_LIMIT. */
int vuln_osv_read(struct vuln *v, const struct json *doc, struct vuln_count *count,
		  struct err *e);

/* "Evaluation" of the schema's text: is this version among those of one member of
 * `affected`? fixed (NULL: not asked; borrowed from affected): the first version
 * afterwards that has it no more, "" where none is known. */
bool vuln_osv_affects(const struct json *affected, enum version_scheme scheme,
		      const char *version, const char **fixed);

#endif
