/*
 * vuln.h - vulnerabilities of what is inside images, as data that others publish have
 * them.
 *
 * First the images' contents are told (vuln_add_image), then the data are read, once
 * however many images there are (vuln_data.h), then it is known (vuln_merge.h). Memory
 * grows with packages and with what the data say of them, not with the data. One thread.
 */
#ifndef LARDER_TRUST_VULN_H
#define LARDER_TRUST_VULN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "trust/contents.h"

#define VULN_MAX_UNITS 1000000		  /* packages of all images of a run */
#define VULN_MAX_VERDICTS 2000000	  /* what data say of them */
#define VULN_MAX_TEXT ((size_t)512 << 20) /* bytes of it all */
#define VULN_MAX_IDS 4096		  /* of one advisory; the rest is left out */
#define VULN_ID_MAX 64			  /* of one id, with NUL */

enum vuln_severity {
	VULN_UNKNOWN,
	VULN_NEGLIGIBLE,
	VULN_LOW,
	VULN_MEDIUM,
	VULN_HIGH,
	VULN_CRITICAL
};

const char *vuln_severity_word(enum vuln_severity s); /* "high"; static */
/* One of those words. */
bool vuln_severity_parse(struct view text, enum vuln_severity *out);

/* Who says so. What a distribution says of its own packages counts before what others
 * say of them. */
enum vuln_source { VULN_TRACKER = 1, VULN_SECDB = 2, VULN_OSV = 4 };

/* A package as data name it: of deb and apk what it was built from. */
struct vuln_unit {
	size_t image;
	enum package_kind kind;
	const char *name, *version;
	const char **packages; /* installed ones that come of it, sorted */
	size_t npackages;
};

struct vuln_finding {
	const struct vuln_unit *unit;
	const char *id;	    /* a CVE's where there is one */
	const char **alias; /* other names of the same thing, and advisories about it */
	size_t naliases;
	const char *fixed; /* the version that has it no more; "": none is known */
	const char *note;  /* what its distribution says besides: "no DSA: minor issue" */
	enum vuln_severity severity;
	int score;	     /* CVSS base score times ten; -1: none */
	bool undetermined;   /* its distribution does not know yet */
	unsigned sources;    /* enum vuln_source, or-ed */
	const char *ignored; /* NULL; or why it does not count (vuln_except.h) */
};

struct vuln_image {
	/* What data call its system: "Debian:12"; "": none of those that data are of. */
	char system[192];
	size_t units, python; /* packages of the system, and Python distributions */
	/* Data of its system, and of PyPI, were there. Where not, nothing is known. */
	bool has_system, has_python;
	struct vuln_finding *finding; /* worst first, then by package and id */
	size_t n;
};

struct vuln;

struct vuln *vuln_new(void);
void vuln_free(struct vuln *v); /* NULL is fine */
/* c is not needed afterwards. Images are numbered from 0. ERR_LIMIT. Python
 * distributions that belong to a package of the system are left to that: distributions
 * mend them without a new version. */
int vuln_add_image(struct vuln *v, const struct contents *c, struct err *e);
size_t vuln_images(const struct vuln *v);
struct vuln_image *vuln_image(struct vuln *v, size_t i);

#endif
