/*
 * version.h - which of two versions is the later one, as the package managers say.
 *
 * Any text may be given, and the answer is the same on every machine. Pure.
 */
#ifndef LARDER_TRUST_VERSION_H
#define LARDER_TRUST_VERSION_H

#include <stdbool.h>

enum version_scheme {
	VERSION_DEB,	/* deb-version(7) */
	VERSION_APK,	/* apk-package(5), as apk-tools 2.14 and 3 compare */
	VERSION_RPM,	/* rpm-version(7): [epoch:]version[-release], "~" and "^" */
	VERSION_PEP440, /* PEP 440 with its normalisation, local versions included */
};

/* Less than, equal to or greater than 0, as a is older than, the same as or later than
 * b. Two that are written differently may be the same ("1.0" and "1.0.0" in PEP 440,
 * "0:1" and "1" in deb). What is no version by the grammar is ordered as its tool orders
 * it (deb, rpm, apk up to where it cannot be read, then by bytes); in PEP 440 before all
 * that are, and among its like by bytes. */
int version_compare(enum version_scheme scheme, const char *a, const char *b);
/* Is it one by the scheme's grammar? */
bool version_valid(enum version_scheme scheme, const char *text);

#endif
