/*
 * package.h - packages as their managers' databases name them, and lists of them.
 *
 * A list owns its packages. One thread at a time.
 */
#ifndef LARDER_TRUST_PACKAGE_H
#define LARDER_TRUST_PACKAGE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "trust/version.h"

/* In all of one image. The largest distributions have some tens of thousands. */
#define PACKAGE_MAX_COUNT 200000
#define PACKAGE_TEXT_MAX 1024 /* of each of its texts; what is longer is cut */

enum package_kind { PACKAGE_DEB, PACKAGE_APK, PACKAGE_RPM, PACKAGE_PYTHON };

/* Texts are never NULL, "" where not known, and hold no control characters. */
struct package {
	enum package_kind kind;
	const char *name;    /* as its tool prints it: "libc6", "PyYAML" */
	const char *key;     /* what it is looked up by: the name; of Python, normalised
				as PEP 503 says: "pyyaml" */
	const char *version; /* in full, as its tool prints it: "1:2.3-4+b1", "1.2-r0";
				of rpm [epoch:]version-release */
	const char *arch;    /* "amd64", "all", "x86_64", "noarch"; of Python "" */
	/* What it was built from: of deb and rpm the source package, of apk the origin.
	 * Always given; the same as name and version where nothing else is said. */
	const char *source, *source_version;
	const char *license; /* as the package says it, free text */
	const char *path;    /* of the file that says so, without "/" at its beginning */
	/* The layer (index from 0) from which on this version has been there, not the one
	 * that wrote its database last. */
	size_t layer;
};

struct packages {
	struct package *at;
	size_t n, room;
};

/* "deb", "apk", "rpm", "python". Static. */
const char *package_word(enum package_kind kind);
/* How versions of that kind are ordered. */
enum version_scheme package_scheme(enum package_kind kind);

/* What a reader of one format found; views may be of anything that lives as long as the
 * call. An empty source or source_version becomes name or version. */
struct package_found {
	enum package_kind kind;
	struct view name, version, arch, source, source_version, license, path;
	size_t layer;
};

/* Adds a copy. ERR_LIMIT: there are PACKAGE_MAX_COUNT. One without name or version is
 * ERR_INVALID, and so is one whose name is too long. */
int packages_add(struct packages *list, const struct package_found *found, struct err *e);
/* By kind, key, architecture, version, path; the same one twice becomes one. */
void packages_sort(struct packages *list);
/* Those that were in before already keep its layer. Both are sorted, and of one path. */
void packages_inherit(struct packages *list, const struct packages *before);
/* All of another's, which is empty then. ERR_LIMIT: more than PACKAGE_MAX_COUNT. */
int packages_take(struct packages *list, struct packages *from, struct err *e);
/* Adds those of another list as if path said so. */
int packages_copy(struct packages *list, const struct packages *from, const char *path,
		  struct err *e);
void packages_done(struct packages *list); /* frees; it is empty and usable again */

#endif
