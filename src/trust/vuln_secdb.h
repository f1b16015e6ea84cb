/*
 * vuln_secdb.h - Alpine's security database, and others of its form: which version of a
 * package fixes what (secdb.alpinelinux.org/v3.21/main.json, community.json).
 *
 * {"distroversion": "v3.21", "reponame": "main", "packages": [{"pkg": {"name": "zlib",
 * "secfixes": {"1.2.12-r2": ["CVE-2022-37434"]}}}]}. Version "0" says that the package
 * has never been affected. One entry may have several names with spaces between: of one
 * vulnerability and an advisory about it, or of several. Only what has been fixed is in
 * it.
 */
#ifndef LARDER_TRUST_VULN_SECDB_H
#define LARDER_TRUST_VULN_SECDB_H

#include <stdbool.h>

#include "codec/json.h"
#include "trust/vuln.h"

struct vuln_count;

bool vuln_secdb_is(const struct json *doc);
/* Of a document for which the above is true. ERR_INVALID: nothing of it can be used. */
int vuln_secdb_read(struct vuln *v, const struct json *doc, struct vuln_count *count,
		    struct err *e);

#endif
