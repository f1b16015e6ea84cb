/*
 * vuln_osv_names.h - the ids of an advisory of OSV: its own, its aliases, and what it is
 * about ("upstream"). For the files vuln*.c only.
 */
#ifndef LARDER_TRUST_VULN_OSV_NAMES_H
#define LARDER_TRUST_VULN_OSV_NAMES_H

#include <stdbool.h>

#include "codec/json.h"
#include "trust/vuln_impl.h"

/* VULN_MAX_IDS at most, borrowed from the document. */
struct vuln_ids {
	const char **id;
	size_t n;
};

/* One that tells of several upstream vulnerabilities, as a DSA does, is about each of
 * them and is none of them. With one CVE among them, the others are more names of it. */
struct vuln_osv_names {
	struct vuln_ids same; /* id and aliases */
	struct vuln_ids upstream;
	bool several;
};

/* of_system: it is a distribution's, and CVEs in `related` are what it is about, too.
 * Release *out with vuln_osv_names_done. */
void vuln_osv_names_read(const struct json *doc, bool of_system,
			 struct vuln_osv_names *out);
void vuln_osv_names_done(struct vuln_osv_names *n); /* also when zeroed */
/* It mends a bug, or brings something new, and no vulnerability: distributions publish
 * that the same way. */
bool vuln_osv_names_is_erratum(const struct vuln_osv_names *names);
/* What d says, under all of these names. ERR_LIMIT. */
int vuln_osv_names_say(struct vuln *v, const struct vuln_verdict *d,
		       const struct vuln_osv_names *names, struct err *e);

#endif
