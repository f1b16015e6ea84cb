/*
 * vuln_except.h - vulnerabilities that are known and do not count: a list with reasons
 * and an end.
 *
 *     # id           [package]  until       reason
 *     CVE-2023-4911  glibc      2026-12-31  no setuid programs in the image
 *     GHSA-xxxx-...             2026-06-30  the parser is never given foreign input
 *
 * "#" begins a comment at the beginning of a line. The day named is the last on which it
 * holds (UTC).
 */
#ifndef LARDER_TRUST_VULN_EXCEPT_H
#define LARDER_TRUST_VULN_EXCEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "trust/vuln.h"

#define VULN_EXCEPT_MAX_BYTES (1u << 20)
#define VULN_EXCEPT_MAX 10000
#define VULN_EXCEPT_REASON_MAX 1000 /* bytes */

struct vuln_exception {
	char id[VULN_ID_MAX];
	char package[128]; /* "": any */
	char until[11];	   /* "2026-12-31" */
	char *reason;	   /* owned */
	unsigned line;
	bool expired;
	size_t used; /* findings that it is about */
};

struct vuln_excepts {
	struct vuln_exception *at;
	size_t n;
};

/* ERR_INVALID names the line; ERR_LIMIT over VULN_EXCEPT_MAX. done in any case. */
int vuln_except_read(struct view text, int64_t now_ms, struct vuln_excepts *out,
		     struct err *e);
/* Marks the findings of an image that an exception holds for. */
void vuln_except_mark(struct vuln_excepts *x, struct vuln_image *im);
void vuln_excepts_done(struct vuln_excepts *x);

#endif
